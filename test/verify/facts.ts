import type { ProtocolState } from '../../bird/answers/protocols.ts';
import type { RouterFacts, RouterLook } from '../../verify/index.ts';
import { states } from '../bird/answers/protocols.ts';

/** A router on which nothing is wrong: `redundant()`'s e1, as BIRD 2.0.12 told of it in the lab. */
export const facts = (change: Partial<RouterFacts> = {}): RouterFacts => ({
  birdVersion: '2.0.12',
  filesError: undefined,
  holder: undefined,
  pending: undefined,
  settled: true,
  cutOff: undefined,
  runs: undefined,
  onDisk: '0123456789abcdef',
  delivery: undefined,
  drained: undefined,
  notAsInGit: [],
  notAsDelivered: [],
  protocols: states('e1-whole'),
  clock: { ahead: 0.4, unsure: 1 },
  pods: {
    routes: [],
    kernel: [],
    noKernel: undefined,
    updates: new Map(),
    rpFilters: new Map(),
    allowedIPs: new Map(),
  },
  noPods: undefined,
  sysctls: new Map([['net.ipv4.ip_forward', '1']]),
  sysctlsRendered: new Map([['net.ipv4.ip_forward', '1']]),
  ...change,
});

export const looked = (router: string, read: RouterFacts = facts()): RouterLook => ({
  router,
  read,
  unread: undefined,
});

/** A session that is down, as BIRD tells of it. */
export const lost = (
  all: readonly ProtocolState[],
  name: string,
  bgp: { readonly state?: string; readonly error?: string },
  state = 'start',
): ProtocolState[] =>
  all.map((one) =>
    one.name === name
      ? {
          ...one,
          state,
          bgp: one.bgp && { ...one.bgp, state: 'Active', ...bgp },
          channels: one.channels.map((channel) => ({
            ...channel,
            state: 'DOWN',
            imported: 0,
            exported: 0,
            preferred: 0,
          })),
        }
      : one,
  );
