import { faultsOnRouters } from './faults.ts';

faultsOnRouters("the machine's BIRD", {});
