import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { smallestPodMtu } from '../analysis/index.ts';
import { CARRIED } from '../calico/releases.ts';
import { buildFabric } from '../fabric/index.ts';
import { readAtMost } from '../machine/index.ts';
import type { Input } from '../repository/input.ts';
import type { Ground, StartFiles } from '../repository/new-repository.ts';
import { originIn } from '../repository/new-repository.ts';
import { knownHostsOf, readIfThere, secretsOf } from '../repository/trust-files.ts';
import { readVendored } from '../repository/vendored.ts';
import { type Answers, DEFAULTS, FIRST_K3S, LINK_KINDS, nameFrom, topologyText } from '../start/index.ts';
import { formatFault, LARGEST_TOPOLOGY, loadTopology } from '../topology/index.ts';
import { readingURL } from '../topology/repository-url.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { readInput } from './input.ts';
import { ask, nameObjection, type Said, urlObjection } from './questions.ts';
import { refuse } from './refusal.ts';
import type { Terminal } from './terminal.ts';

/** What a new repository begins with. */
export interface Beginning {
  readonly topology: string;
  readonly input: Input;
  /** Files that belong to the topology. */
  readonly beside: StartFiles;
  /** Undefined where a placeholder stands. */
  readonly repoURL: string | undefined;
  /** `2 sites over WireGuard`. */
  readonly title: string;
}

/** Where the schema is, for editors, from the root of a repository that has noencap installed. */
const SCHEMA = 'node_modules/noencap/topology.schema.json';

/** A network as it was said, asked or left to the defaults; an exit code where it cannot be, of which the user has been told. */
export async function newBeginning(
  ground: Ground,
  said: Said,
  terminal: Terminal,
): Promise<Beginning | ExitCode> {
  const origin = ground.state === 'cloned' ? originIn(ground.folder) : undefined;
  const reads = origin === undefined ? undefined : readingURL(origin);
  const usual = {
    ...DEFAULTS,
    name: nameFrom(basename(ground.folder)),
    // A path on this machine, or what no engine reads, is no guess.
    repoURL: reads === undefined || urlObjection(reads) !== undefined ? undefined : reads,
  };
  const isAsked =
    terminal.live && process.stdin.isTTY === true && Object.values(said).every((one) => one === undefined);
  const answers = isAsked ? await ask(usual) : said;
  if (answers === undefined)
    return refuse(
      {
        code: 'usage',
        message: 'Not all questions were answered, and nothing was written',
        fix: 'See --help for the flags that answer them.',
      },
      terminal,
    );
  const wrong = wrongSaid(answers);
  if (wrong !== undefined) return refuse({ code: 'usage', ...wrong }, terminal);
  // Whoever says what links sites has two.
  const sites = answers.sites ?? (answers.link === undefined ? usual.sites : 2);
  const network: Answers = {
    name: answers.name ?? usual.name,
    sites,
    link: answers.link ?? usual.link,
    engine: answers.engine ?? usual.engine,
    router: answers.router ?? usual.router,
    repoURL: answers.repoUrl ?? (isAsked ? undefined : usual.repoURL),
  };
  const topology = topologyText(network, { calico: CARRIED.at(-1) ?? '', k3s: FIRST_K3S }, SCHEMA);
  const loaded = loadTopology({ file: 'topology.yaml', bytes: Buffer.from(topology) });
  if (!loaded.ok) {
    const [first] = loaded.faults;
    const details = first === undefined ? [] : formatFault(first, loaded.source).split('\n');
    return refuse(
      {
        code: 'usage',
        message: 'A topology with this name or address has a fault',
        details,
        fix: 'Give another one.',
      },
      terminal,
    );
  }
  const fabric = buildFabric(loaded.topology, smallestPodMtu);
  return {
    topology,
    input: { fabric, source: loaded.source, operatorManifest: undefined },
    beside: new Map(),
    repoURL: network.repoURL,
    title: sites === 1 ? 'one site' : `${sites} sites over ${LINK_KINDS[network.link].title}`,
  };
}

function wrongSaid({ name, sites, link, repoUrl }: Said): { message: string; fix: string } | undefined {
  const why =
    (name === undefined ? undefined : nameObjection(name)) ??
    (repoUrl === undefined ? undefined : urlObjection(repoUrl));
  if (why !== undefined) return { message: why.message, fix: why.fix };
  if (sites === 1 && link !== undefined)
    return { message: 'One site has no link', fix: 'Leave out --link, or name more sites with --sites.' };
  return undefined;
}

/** The network of a clone of noencap's own repository, with what lies beside its topology. */
export async function movedBeginning(clone: string, terminal: Terminal): Promise<Beginning | ExitCode> {
  const file = join(clone, 'topology.yaml');
  if (!existsSync(file))
    return refuse(
      {
        code: 'file',
        message: `${clone} has no topology.yaml`,
        fix: 'Name the folder of the clone, as it was checked out.',
      },
      terminal,
    );
  const read = await readInput(file, terminal);
  if (!read.ok) return EXIT.badInput;
  const { fabric, operatorManifest } = read.input;
  const beside = new Map<string, Uint8Array>();
  for (const path of [knownHostsOf(file), secretsOf(file)]) {
    const bytes = readIfThere(path);
    if (bytes !== undefined) beside.set(basename(path), bytes);
  }
  if (operatorManifest !== undefined) {
    const path = operatorManifest.slice(resolve(dirname(file)).length + 1);
    beside.set(path, readVendored(clone, path));
  }
  const text = readAtMost(file, LARGEST_TOPOLOGY).toString('utf8');
  return {
    topology: text.replace(/^(# yaml-language-server: \$schema=)topology\.schema\.json$/m, `$1${SCHEMA}`),
    input: read.input,
    beside,
    repoURL: fabric.gitops.repoURL,
    title: `the network of ${clone}`,
  };
}
