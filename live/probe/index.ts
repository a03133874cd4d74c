export { probeNodes, probePods } from './probe.ts';
export type { ProbeNode, ProbePatience, ToProbe } from './to-probe.ts';
