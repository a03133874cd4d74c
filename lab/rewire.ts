import { addressBits } from '../topology/address.ts';
import { must } from './boot.ts';
import { killed } from './daemons.ts';
import type { Lab } from './lab.ts';
import type { LabHost, LabInterface, LabPlan } from './model.ts';
import { batch, gatewayRoute, wiringScript } from './wiring.ts';

/** New segments, new ports on old segments, and everything of new machines with their pods. */
export async function plugIn({ plan, holder }: Lab, next: LabPlan, added: readonly LabHost[]): Promise<void> {
  const portsBefore = new Set(plan.segments.flatMap(({ ports }) => ports.map(({ port }) => port)));
  const bridges = new Set(plan.segments.map(({ bridge }) => bridge));
  const names = new Set(added.map(({ name }) => name));
  const part: LabPlan = {
    segments: next.segments.map((segment) => ({
      ...segment,
      ports: segment.ports.filter(({ port }) => !portsBefore.has(port)),
    })),
    hosts: added,
    pods: next.pods.filter(({ node }) => names.has(node)),
  };
  await must(holder, wiringScript(part, bridges), 'New machines could not be wired');
  const before = new Map(plan.segments.map(({ name, mtu }) => [name, mtu]));
  const resized = next.segments.filter(({ name, mtu }) => before.has(name) && before.get(name) !== mtu);
  const ports = resized.flatMap(({ mtu, ports: all }) =>
    all.map(({ port }) => `link set ${port} mtu ${mtu}`),
  );
  await must(holder, batch(undefined, ports), 'MTUs could not be changed');
}

/** For a host that stays: new addresses, MTUs and the default route. */
export function rewire(before: LabHost, after: LabHost): string {
  const old = new Map(before.interfaces.map((one) => [one.segment, one]));
  const replaced = replacedAddresses(before, after);
  const lines = after.interfaces.flatMap((one) => {
    const earlier = old.get(one.segment);
    return [
      ...(replaced.get(one.name) ?? []).map((text) => `addr del ${text} dev ${one.name}`),
      ...without(lengthened(one), lengthened(earlier)).map((text) => `addr add ${text} dev ${one.name}`),
      ...(earlier === undefined ? [`link set ${one.name} up`] : []),
      ...(earlier !== undefined && earlier.mtu !== one.mtu ? [`link set ${one.name} mtu ${one.mtu}`] : []),
    ];
  });
  const loopback = without(onLoopback(after), onLoopback(before)).map((text) => `addr add ${text} dev lo`);
  const via = after.defaultVia.map(({ text }) => text).join();
  const routes =
    via === before.defaultVia.map(({ text }) => text).join() && replaced.size === 0
      ? []
      : after.defaultVia.map(({ text }) => `route replace default via ${text} proto static`);
  return batch(after.name, [...lines, ...loopback, ...routes, ...rewritten(before, after)]);
}

/** Static routes of a gateway that noencap does not configure. */
function rewritten(before: LabHost, after: LabHost): string[] {
  const [routesBefore, routesAfter] = [before.routes.map(gatewayRoute), after.routes.map(gatewayRoute)];
  return [
    ...without(routesBefore, routesAfter).map((route) => `route del ${route}`),
    ...without(routesAfter, routesBefore).map((route) => `route add ${route}`),
  ];
}

/**
 * A node's new address replaces the old one, as a restart would: BIRD 1.6 does not know the network of an address
 * that the kernel promoted to primary when the previous one was removed.
 */
function replacedAddresses(before: LabHost, after: LabHost): ReadonlyMap<string, readonly string[]> {
  if (after.kind !== 'node') return new Map();
  const now = new Map(after.interfaces.map((one) => [one.segment, one]));
  const gone = before.interfaces.map((one) => {
    const later = now.get(one.segment);
    return [one.name, later === undefined ? [] : without(lengthened(one), lengthened(later))] as const;
  });
  return new Map(gone.filter(([, texts]) => texts.length > 0));
}

/** The hosts that stay and get a new address, on an old or a new segment. */
export function readdressed(before: LabPlan, after: LabPlan): string[] {
  const old = new Map(before.hosts.map((host) => [host.name, host]));
  const all = ({ interfaces }: LabHost) => interfaces.flatMap(lengthened);
  return after.hosts.flatMap((host) => {
    const earlier = old.get(host.name);
    return earlier !== undefined && without(all(host), all(earlier)).length > 0 ? [host.name] : [];
  });
}

/** For a host that stays: the addresses and interfaces to remove. */
export function unwire(before: LabHost, after: LabHost): string[] {
  const now = new Map(after.interfaces.map((one) => [one.segment, one]));
  const replaced = replacedAddresses(before, after);
  return [
    ...before.interfaces.flatMap((one) => {
      const later = now.get(one.segment);
      if (later === undefined) return [`link del ${one.name}`];
      if (replaced.has(one.name)) return [];
      return without(lengthened(one), lengthened(later)).map((text) => `addr del ${text} dev ${one.name}`);
    }),
    ...without(onLoopback(before), onLoopback(after)).map((text) => `addr del ${text} dev lo`),
  ];
}

const lengthened = (one: LabInterface | undefined): string[] =>
  (one?.addresses ?? []).map(({ address, length }) => `${address.text}/${length}`);

const onLoopback = ({ loopback }: LabHost): string[] =>
  loopback.map(({ text, family }) => `${text}/${addressBits(family)}`);

const without = (texts: readonly string[], others: readonly string[]): string[] =>
  texts.filter((text) => !others.includes(text));

/** Machines that are gone, with their pods, and the ports that no segment has any more. */
export async function pullOut({ holder, plan }: Lab, gone: readonly LabHost[], next: LabPlan): Promise<void> {
  const names = new Set(gone.map(({ name }) => name));
  const pods = plan.pods.filter(({ node }) => names.has(node));
  const ports = new Set(next.segments.flatMap((segment) => segment.ports.map(({ port }) => port)));
  const left = plan.segments.flatMap((segment) => segment.ports).filter(({ port }) => !ports.has(port));
  const commands = [
    ...gone.flatMap(killed),
    ...left.map(({ port }) => `ip link del ${port} 2>/dev/null || :`),
    ...[...names, ...pods.map(({ netns }) => netns)].map((name) => `ip netns del ${name}`),
  ];
  await holder.run(commands.join('\n'));
}
