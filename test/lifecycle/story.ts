import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { smallestPodMtu } from '../../analysis/index.ts';
import { buildFabric, type Fabric } from '../../fabric/index.ts';
import { formatFault, loadTopology, type Source, type Topology } from '../../topology/index.ts';

/**
 * A change that a network goes through in its life, as data: a folder here, and a page of the docs. Adding one needs no code.
 *
 * `NN-<state>.yaml` are whole topologies in the order in which they are merged; the first line of each is a comment that says
 * the state in a sentence. `story.yaml` says what each state is and what the step to it costs: see `storyFile`. On the page the story
 * has a `diff` block for each step, and below them the place where `npm run lifecycle` writes what the lab measured:
 *
 *     <!-- what the lab measured: add-a-node -->
 *     <!-- its end -->
 */
export interface Story {
  readonly name: string;
  readonly page: string;
  readonly states: readonly State[];
  /** One fewer than states. */
  readonly steps: readonly Step[];
}

export interface State {
  readonly file: string;
  readonly text: string;
  /** Ids of the checks that warn about it, each once. */
  readonly warnings: readonly string[];
}

export type Step = z.infer<typeof step> & { readonly from: State; readonly to: State };

const loss = z.union([
  z.literal('none'),
  z.strictObject({
    /** `a - b`, in either direction, or `all`. No other pair may lose any packet. */
    pairs: z.union([z.literal('all'), z.array(z.string().regex(/^\S+ - \S+$/)).min(1)]),
    /** Written into the page. */
    because: z.string(),
  }),
]);

const step = z.strictObject({
  /** The step, as named in the page's table. */
  does: z.string(),
  /** `order.first` of `noencap diff`. The lab makes the change in this order. */
  first: z.enum(['either', 'routers', 'cluster', 'apart']),
  /** `outcome` of `noencap diff`. A hitless step without dangers must lose nothing in the lab; any other may, but need not. */
  outcome: z.enum(['nothing', 'hitless', 'risky', 'felt', 'dangerous']),
  /** The message of each danger that `noencap diff` names, or its beginning; in the same order. */
  dangers: z.array(z.string()).prefault([]),
  loses: loss,
});

const storyFile = z.strictObject({
  page: z.string().regex(/^docs\/[a-z0-9-]+\.md$/),
  states: z
    .array(
      z.strictObject({
        state: z.string().regex(/^\d\d-[a-z0-9-]+\.yaml$/),
        /** Ids of the checks that warn about this state, sorted. */
        warnings: z.array(z.string().regex(/^NE\d{3}$/)).prefault([]),
        /** How the previous state becomes this one; the first has none. */
        step: step.optional(),
      }),
    )
    .min(2),
});

const ROOT = 'test/lifecycle';

/** All stories, sorted by name. */
export function stories(): Story[] {
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => story(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function story(name: string): Story {
  const folder = join(ROOT, name);
  const read = storyFile.parse(parse(readFileSync(join(folder, 'story.yaml'), 'utf8')));
  const states = read.states.map(({ state, warnings }) => {
    const file = join(folder, state);
    return { file, text: readFileSync(file, 'utf8'), warnings };
  });
  const [first, ...others] = read.states;
  if (first?.step !== undefined) throw new Error(`${name}: nothing leads to the first state`);
  const steps = others.map(({ state, step: own }, index): Step => {
    if (own === undefined) throw new Error(`${name}: no step leads to ${state}`);
    return { ...own, from: states[index] as State, to: states[index + 1] as State };
  });
  const named = new Set([...read.states.map(({ state }) => state), 'story.yaml']);
  const stray = readdirSync(folder).filter((file) => !named.has(file));
  if (stray.length > 0) throw new Error(`${name}: story.yaml does not name ${stray.join(', ')}`);
  return { name, page: read.page, states, steps };
}

export interface Read {
  readonly topology: Topology;
  readonly source: Source;
  readonly fabric: Fabric;
}

/** Throws with the faults of a state that has any. */
export function readState({ file, text }: Pick<State, 'file' | 'text'>): Read {
  const loaded = loadTopology({ file, bytes: Buffer.from(text) });
  if (!loaded.ok) throw new Error(loaded.faults.map((one) => formatFault(one, loaded.source)).join('\n'));
  return {
    topology: loaded.topology,
    source: loaded.source,
    fabric: buildFabric(loaded.topology, smallestPodMtu),
  };
}
