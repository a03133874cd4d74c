export { lookAtRouters, type ToLookAt } from './look.ts';
