export { lookAtCluster } from './look.ts';
