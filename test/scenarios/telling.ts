import type { TopologyInput } from '../../topology/index.ts';
import type { Network } from './network.ts';
import { networkIn } from './sentences.ts';
import type { World } from './world.ts';

/** A network, and scenarios to play on it one after the other, each starting without failures. */
export interface Story {
  readonly of: string;
  readonly topology: TopologyInput;
  readonly scenarios: Readonly<Record<string, Scenario>>;
}

export type Scenario = (net: Network) => Promise<void>;

/** Opens a world on a topology. */
export type Open = (topology: TopologyInput) => Promise<World>;

/** The errors of failed scenarios, by name. */
type Errors = ReadonlyMap<string, unknown>;

/**
 * Plays stories, `abreast` at a time: a lab mostly waits, and several can wait together. A scenario waits for all of
 * its story. The longest stories come first, except for those that something waits for.
 */
export interface Teller {
  /** Rejects with what differed in that scenario. */
  play(story: Story, scenario: string): Promise<void>;
  /** From now on starts only stories that something waits for. */
  end(): Promise<void>;
}

export function tellerOf(stories: readonly Story[], open: Open, abreast: number): Teller {
  const length = ({ scenarios }: Story) => Object.keys(scenarios).length;
  const waiting = [...stories].sort((a, b) => length(b) - length(a));
  const asked = new Map<Story, (errors: Promise<Errors>) => void>();
  const told = new Map<Story, Promise<Errors>>();
  let running = 0;

  const fill = (): void => {
    while (running < abreast && waiting.length > 0) {
      const story = waiting.shift() as Story;
      running += 1;
      const errors = tell(story, open);
      const after = () => {
        running -= 1;
        fill();
      };
      errors.then(after, after);
      told.set(story, errors);
      asked.get(story)?.(errors);
    }
  };
  const errorsOf = (story: Story): Promise<Errors> => {
    const before = told.get(story);
    if (before !== undefined) return before;
    const errors = new Promise<Errors>((settle) => asked.set(story, settle));
    waiting.splice(waiting.indexOf(story), 1);
    waiting.unshift(story);
    fill();
    return errors;
  };
  return {
    async play(story, scenario) {
      const errors = await errorsOf(story);
      if (errors.has(scenario)) throw errors.get(scenario);
    },
    async end() {
      waiting.length = 0;
      await Promise.allSettled(told.values());
    },
  };
}

async function tell({ topology, scenarios }: Story, open: Open): Promise<Errors> {
  const world = await open(topology);
  const errors = new Map<string, unknown>();
  try {
    const net = networkIn(world);
    for (const [name, scenario] of Object.entries(scenarios)) {
      try {
        await net.clear();
        await scenario(net);
        await net.settle();
      } catch (error) {
        errors.set(name, error);
      }
    }
  } finally {
    await world.end();
  }
  return errors;
}
