import { faultsOnRouters } from './faults.ts';

// Most faults are made at e1, and seen from there.
faultsOnRouters('BIRD 2.17 and 3.1', { e1: '3.1', e2: '2.17', w2: '2.17' });
