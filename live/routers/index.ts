export { readRouterFiles } from './files.ts';
export { lookAtRouters, type ToLookAt } from './look.ts';
