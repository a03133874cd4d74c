import { main } from './main.ts';

// What `npx cdk8s synth` runs, as cdk8s.yaml says: the same as `noencap synth`, from the sources.
void main(['synth']);
