import { forecast } from '../analysis/index.ts';
import { type Fabric, RECOVERY_WAIT } from '../fabric/index.ts';
import { failing, type Reboot, type Refused, rebootNode } from '../lab/index.ts';
import { routerFiles } from '../routers/index.ts';
import { listed } from '../topology/suggest.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { prepareLab, refuseLab } from './lab-input.ts';
import { failureAsJson, failureLines } from './lab-report.ts';
import { runSteps } from './progress.ts';
import { type Refusal, refuse } from './refusal.ts';
import { lossLines, rideAsJson } from './rehearse.ts';
import { counted, type Terminal } from './terminal.ts';

export interface RebootOptions {
  readonly topology: string;
  readonly reboot: string;
  /** Routers, segments, sessions and nodes that are down meanwhile. */
  readonly fail: readonly string[];
}

/** `lab rehearse --reboot NODE`: reboots a node of a running lab, and reports the cost. */
export async function labReboot(options: RebootOptions, terminal: Terminal): Promise<ExitCode> {
  const { topology, reboot: node } = options;
  const isNode = ({ nodes }: Fabric, name: string) => nodes.some((one) => one.name === name);
  const prepared = await prepareLab({ topology, keep: false, fail: [] }, terminal);
  if ('code' in prepared) return prepared.code;
  const { fabric, programs } = prepared;
  const unknown = isNode(fabric, node)
    ? options.fail.find((name) => !isNode(fabric, name) && failing(fabric, name) === undefined)
    : node;
  if (unknown !== undefined) return refuse(noSuch(fabric, unknown, node), terminal);
  if (options.fail.includes(node)) {
    const message = `${node} cannot be down and reboot at the same time`;
    return refuse({ code: 'usage', message, fix: 'Name another one with --fail.' }, terminal);
  }
  const away = options.fail.filter((name) => isNode(fabric, name));
  const failed = options.fail.flatMap((name) => (isNode(fabric, name) ? [] : (failing(fabric, name) ?? [])));
  let result: Reboot | Refused | undefined;
  const run = async (progress: (step: string) => void) => {
    // No pod of this lab has a borrowed address.
    const foretold = forecast(fabric, failed, []);
    result = await rebootNode({ fabric, node, failed, foretold, away, routerFiles, programs, progress });
  };
  await runSteps([{ title: `Reboot ${node}`, run }], terminal);
  if (result === undefined) throw new Error('the reboot has no result');
  if ('message' in result) return refuseLab(result, terminal);
  const ok = result.waits === undefined && result.failures.length === 0;
  if (terminal.json)
    terminal.print(
      documentOf('lab rehearse --reboot', {
        ok,
        node,
        failed: [...failed, ...away.map((name) => ({ kind: 'node' as const, name }))],
        recovery: result.recovered,
        waitingFor: result.waits,
        pairs: result.pairs.map(rideAsJson),
        failures: result.failures.map(failureAsJson),
      }),
    );
  else {
    terminal.say(text(fabric, options.fail, result));
    for (const line of notAsItMustBe(result, terminal.colour)) terminal.report(line);
    if (ok) terminal.say(`${node} is back.`);
  }
  return ok ? EXIT.fine : EXIT.doesNotHold;
}

function noSuch({ nodes, ...fabric }: Fabric, name: string, reboot: string): Refusal {
  if (name === reboot) {
    const names = nodes.map((node) => node.name);
    return {
      code: 'unknown-name',
      message: `No node is named ${JSON.stringify(name)}`,
      fix: `Known: ${listed(names, 'and')}.`,
    };
  }
  const isPlanned = fabric.routers.some((router) => router.name === name && router.planned);
  return isPlanned
    ? {
        code: 'unknown-name',
        message: `${name} is planned: no node has a session with it`,
        fix: 'Remove "planned" in a copy of the topology to see the effect.',
      }
    : {
        code: 'unknown-name',
        message: `Nothing that can be down is named ${JSON.stringify(name)}`,
        fix: 'Name a router, a node, a segment or a session.',
      };
}

function text(fabric: Fabric, missing: readonly string[], { node, recovered, pairs }: Reboot): string {
  const sum = (key: 'sent' | 'lost') => pairs.reduce((all, pair) => all + pair[key], 0);
  return [
    `${fabric.name}: ${node} reboots${missing.length === 0 ? '' : ` without ${listed([...missing], 'and')}`}`,
    ...(recovered === undefined
      ? []
      : [`  BIRD      ${(recovered / 1000).toFixed(1)} s until it has all routes and announces its own`]),
    `  packets   ${counted(pairs.length, 'pair')}, ${sum('sent')} sent, ${sum('lost')} lost`,
    ...lossLines(pairs),
  ].join('\n');
}

/** What a reader must not miss: all that `--quiet` prints. */
function notAsItMustBe({ node, waits, failures }: Reboot, colour: Terminal['colour']): string[] {
  if (waits === undefined) return failureLines(failures, colour);
  const peers = listed([...waits.peers], 'and');
  return [
    `BIRD on ${node} waits for ${peers}, and hides the pods of ${node} until ${peers === waits.peers[0] ? 'it is up' : 'all of them are up'} or ${RECOVERY_WAIT} s have passed (${waits.seconds} s left). See docs/checks/NE208.md.`,
  ];
}
