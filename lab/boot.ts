import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Expectations, expectations, type Fabric } from '../fabric/index.ts';
import { withBorrowed } from './borrowed.ts';
import { type Holder, type HolderOptions, type Refused, startHolder } from './holder.ts';
import type { Lab } from './lab.ts';
import { hostFolder, type LabPlan } from './model.ts';
import { labPlan } from './plan.ts';
import { type Programs, startScript, wiringScript } from './wiring.ts';

/** What booting needs from outside. */
export interface BootOptions extends HolderOptions {
  readonly fabric: Fabric;
  /** Renders the routers of a fabric as `synth` does. */
  readonly routerFiles: (fabric: Fabric) => ReadonlyMap<string, string>;
  readonly programs: Programs;
  /** The expectations; by default what is right for the fabric. */
  readonly expected?: Expectations;
  /** Changes the plan before it is built: the hook for tests that break something. */
  readonly change?: (plan: LabPlan) => LabPlan;
}

/** Namespaces, wires, files and daemons. The routes come later: see settle.ts. */
export async function bootLab(options: BootOptions): Promise<Lab | Refused> {
  const { fabric, routerFiles, programs, change = (plan) => plan } = options;
  const expected = options.expected ?? expectations(fabric);
  const plan = change(
    withBorrowed(labPlan(fabric, routerFiles, programs.approximate ? 2 : 1), expected.borrowed ?? []),
  );
  const holder = await startHolder(options);
  if ('message' in holder) return holder;
  try {
    placeFiles(holder, plan);
    await must(holder, wiringScript(plan), 'The wiring failed');
    await must(holder, startScript(plan, programs), 'The daemons could not be started');
    const machineOf = await addresses(holder, plan);
    return { fabric, plan, holder, programs, expected, machineOf, hasIpv6: hasIpv6(plan) };
  } catch (error) {
    await holder.end();
    throw error;
  }
}

export const hasIpv6 = ({ hosts, pods }: LabPlan): boolean =>
  [
    ...hosts.flatMap(({ interfaces, loopback }) => [
      ...loopback,
      ...interfaces.flatMap((one) => one.addresses.map(({ address }) => address)),
    ]),
    ...pods.flatMap(({ addresses }) => addresses),
  ].some(({ family }) => family === 'ipv6');

export function placeFiles(holder: Holder, plan: LabPlan): void {
  for (const host of plan.hosts) {
    mkdirSync(holder.path(hostFolder(host.name)), { recursive: true });
    for (const [path, text] of host.files) {
      const file = holder.path(`${hostFolder(host.name)}/${path}`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
}

/** The kernel assigns link-local addresses, so only it knows them. */
export async function addresses(holder: Holder, plan: LabPlan): Promise<ReadonlyMap<string, string>> {
  const hostByAddress = new Map(
    plan.pods.flatMap(({ node, addresses, borrowed }) =>
      [...addresses, ...borrowed].map(({ text }) => [text, node] as const),
    ),
  );
  for (const { name, interfaces, loopback } of plan.hosts) {
    for (const { text } of loopback) hostByAddress.set(text, name);
    for (const { address } of interfaces.flatMap((one) => one.addresses))
      hostByAddress.set(address.text, name);
  }
  const { stdout } = await holder.run(
    plan.hosts.map(({ name }) => `echo '@${name}'; ip -n ${name} -6 -o addr show scope link`).join('\n'),
  );
  for (const part of stdout.split(/^@/m).slice(1)) {
    const [name = ''] = part.split('\n');
    for (const [, interfaceName = '', address = ''] of part.matchAll(/^\d+: (\S+)\s+inet6 ([^/]+)\//gm)) {
      // All pods have the same gateway address.
      if (!interfaceName.startsWith('cali')) hostByAddress.set(address, name);
    }
  }
  return hostByAddress;
}

export async function must(holder: Holder, script: string, what: string): Promise<void> {
  const { code, stderr } = await holder.run(script);
  if (code !== 0) throw new Error(`${what}: ${stderr.trim()}`);
}
