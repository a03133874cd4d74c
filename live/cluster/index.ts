export { lookAtAddresses } from './addresses.ts';
export { lookAtCluster } from './look.ts';
export { readObjects } from './objects.ts';
