import type { LabHost, LabPlan } from '../../lab/model.ts';

/** Seconds in which all peers that a node has at all are up. */
const WAIT = 5;

/**
 * A lab whose nodes were not started a moment ago. As calico-node does it, their BIRDs start with `-R` and hide their pods for 240 s
 * where a peer never comes: tests of a network that has come to rest do not wait for that.
 */
export const atRest = (plan: LabPlan): LabPlan => ({
  ...plan,
  hosts: plan.hosts.map((host): LabHost => {
    const own = new Set(
      host.daemons.filter(({ role }) => role === 'calico').map(({ name }) => `${name}.conf`),
    );
    const files = [...host.files].map(([path, text]): [string, string] => [
      path,
      own.has(path) ? `graceful restart wait ${WAIT};\n${text}` : text,
    ]);
    return { ...host, files: new Map(files) };
  }),
});
