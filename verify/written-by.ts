import { type Fabric, GITOPS_ENGINES } from '../fabric/index.ts';
import type { Writer } from './cluster-look.ts';
import type { Cause } from './verdict.ts';

/** Who made an object what it is, where the API server's record shows it: somebody with kubectl, or another tool. */
export function writtenBy(
  { gitops }: Fabric,
  { writers, createdAt }: { readonly writers: readonly Writer[]; readonly createdAt: string | undefined },
): Cause | undefined {
  const engines = Object.entries(GITOPS_ENGINES)
    .filter(([name]) => gitops.engine === 'both' || gitops.engine === name)
    .map(([, { fieldManager }]) => fieldManager as string);
  const others = writers.filter(({ manager }) => !engines.includes(manager) && !isCalico(manager));
  if (others.length === 0) return undefined;
  const hands = others.filter(({ manager }) => /^kubectl\b/.test(manager));
  return {
    message: hands.length > 0 ? 'somebody wrote it with kubectl' : `${others[0]?.manager} wrote it`,
    evidence: [
      ...writers.map(({ manager, at }) => `${manager} wrote it${at === undefined ? '' : `, last at ${at}`}`),
      ...(createdAt === undefined ? [] : [`created at ${createdAt}`]),
    ],
  };
}

/** Calico's own programs; for what comes through its API server, the record says no more. */
export const isCalico = (manager: string): boolean => CALICO.test(manager);

const CALICO = /^(tigera-operator|operator|apiserver|calico-.*|kube-controllers|manager)$/;
