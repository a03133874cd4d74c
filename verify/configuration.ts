import { drainedText, type Fabric, type RouterSpeaker } from '../fabric/index.ts';
import { nextCommands } from './next-command.ts';
import type { FileDifference, RouterFacts } from './router-look.ts';
import { asPromised, different, unknown, type Verdict } from './verdict.ts';

/** Whether the router has what git has, and BIRD runs it. */
export function configurationVerdicts(fabric: Fabric, router: RouterSpeaker, facts: RouterFacts): Verdict[] {
  return [
    ...version(router, facts),
    ...clock(fabric, router, facts),
    ...deliveries(fabric, router, facts),
    ...drained(fabric, router, facts),
    ...files(fabric, router, facts),
    ...running(fabric, router, facts),
  ];
}

const about = ({ name }: RouterSpeaker) => ({ kind: 'router', name }) as const;

function version(router: RouterSpeaker, { birdVersion }: RouterFacts): Verdict[] {
  if (/^[23]\./.test(birdVersion)) return [];
  return [
    different({
      about: about(router),
      kind: 'bird-version',
      expected: 'BIRD 2 or 3',
      found: `BIRD ${birdVersion}`,
    }),
  ];
}

/** Seconds. Logs of two machines cannot be put in order, and certificates begin to fail; sessions do not mind. */
const MOST_SKEW = 60;

function clock(fabric: Fabric, router: RouterSpeaker, { clock: read }: RouterFacts): Verdict[] {
  if (read === undefined || Math.abs(read.ahead) <= MOST_SKEW + read.unsure) return [];
  return [
    different({
      about: about(router),
      kind: 'clock-skew',
      expected: "this machine's time",
      found: `${Math.round(Math.abs(read.ahead))} s ${read.ahead > 0 ? 'ahead' : 'behind'}`,
      next: nextCommands(fabric).at(router.name, 'timedatectl'),
    }),
  ];
}

/** While somebody delivers, nothing about the configuration is settled: the rest is told as it is. */
function deliveries(fabric: Fabric, router: RouterSpeaker, facts: RouterFacts): Verdict[] {
  const { holder, pending, settled, cutOff } = facts;
  const next = nextCommands(fabric);
  if (holder !== undefined) {
    return [
      unknown({
        about: about(router),
        kind: 'delivery-running',
        expected: 'no delivery',
        cause: { message: `${holder} is delivering to it`, evidence: [] },
        next: next.verifyAgain(router.name),
      }),
    ];
  }
  if (pending !== undefined) {
    return [
      different({
        about: about(router),
        kind: 'change-pending',
        expected: 'no unconfirmed change',
        found: `BIRD undoes one in ${Math.ceil(pending)} s`,
        next: next.verifyAgain(router.name),
      }),
    ];
  }
  if (cutOff !== undefined) {
    return [
      different({
        about: about(router),
        kind: 'delivery-cut-off',
        expected: 'every delivery ended',
        found: `one ended while ${cutOff}`,
        next: next.ship(router.name),
      }),
    ];
  }
  if (settled) return [];
  return [
    unknown({
      about: about(router),
      kind: 'configuration',
      expected: 'BIRD settled',
      cause: { message: 'BIRD is being reconfigured', evidence: [] },
      next: next.verifyAgain(router.name),
    }),
  ];
}

/** It does what somebody told it to, and not what the topology promises: nobody should forget it. */
function drained(fabric: Fabric, router: RouterSpeaker, facts: RouterFacts): Verdict[] {
  if (facts.drained === undefined) return [];
  return [
    different({
      about: about(router),
      kind: 'drained',
      expected: 'traffic through it',
      found: drainedText(facts.drained),
      next: nextCommands(fabric).undrain(router.name),
    }),
  ];
}

/** What was edited on the router comes first: a delivery refuses because of it. */
function files(fabric: Fabric, router: RouterSpeaker, facts: RouterFacts): Verdict[] {
  const { notAsInGit, notAsDelivered } = facts;
  const next = nextCommands(fabric);
  const edited = notAsDelivered ?? [];
  const wrong = [
    ...(edited.length === 0
      ? []
      : [
          different({
            about: about(router),
            kind: 'files-edited',
            expected: 'the files as they were delivered',
            found: counted(edited),
            cause: { message: 'somebody edited them on the router', evidence: listed(edited) },
            next: next.shipCheck(router.name),
          }),
        ]),
    ...(notAsInGit.length === 0 || (edited.length > 0 && isSame(edited, notAsInGit))
      ? []
      : [
          different({
            about: about(router),
            kind: 'not-delivered',
            expected: 'the files that git has',
            found: counted(notAsInGit),
            cause: {
              message:
                notAsDelivered === undefined
                  ? 'nothing was ever delivered there'
                  : 'git has changed since the last delivery',
              evidence: listed(notAsInGit),
            },
            next: next.ship(router.name),
          }),
        ]),
  ];
  return wrong.length > 0
    ? wrong
    : [asPromised({ about: about(router), kind: 'files', expected: 'as in git', found: 'as in git' })];
}

const isSame = (some: readonly FileDifference[], others: readonly FileDifference[]): boolean =>
  some.length === others.length && some.every(({ path }, at) => others[at]?.path === path);

const counted = ({ length }: readonly FileDifference[]): string =>
  length === 1 ? '1 file differs' : `${length} files differ`;

/** Nobody reads more names than this. */
const MOST = 5;

const listed = (some: readonly FileDifference[]): string[] => [
  ...some.slice(0, MOST).map(({ path, is }) => `${path} ${is}`),
  ...(some.length > MOST ? [`and ${some.length - MOST} more`] : []),
];

/** What BIRD runs, against what it would read at its next start. */
function running(fabric: Fabric, router: RouterSpeaker, facts: RouterFacts): Verdict[] {
  const { filesError, runs, onDisk, holder, pending } = facts;
  const next = nextCommands(fabric);
  if (filesError !== undefined) {
    const error = filesError.replace(/^8002 /, '');
    return [
      different({
        about: about(router),
        kind: 'configuration-rejected',
        expected: 'files that BIRD accepts at its next start',
        found: 'BIRD rejects them',
        cause: { message: 'BIRD still runs what it read before', evidence: [error] },
        next: next.at(router.name, 'birdc configure check'),
      }),
    ];
  }
  // A delivery in progress runs what is not on disk yet.
  if (runs !== undefined && runs !== onDisk && holder === undefined && pending === undefined) {
    return [
      different({
        about: about(router),
        kind: 'configuration-not-read',
        expected: 'BIRD runs the files on disk',
        found: `it runs release ${runs}`,
        cause: {
          message: 'a delivery did not end, or somebody put other files in place',
          evidence: [onDisk === undefined ? 'no release is on disk' : `release ${onDisk} is on disk`],
        },
        next: next.ship(router.name),
      }),
    ];
  }
  return [
    asPromised({
      about: about(router),
      kind: 'configuration',
      expected: 'BIRD accepts its files',
      found: `BIRD ${facts.birdVersion} accepts them`,
    }),
  ];
}
