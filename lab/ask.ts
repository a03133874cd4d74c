import type { Lab } from './lab.ts';

export interface Command {
  readonly netns: string;
  readonly command: string;
}

/** Runs all commands at once inside the holder, each in its network namespace; returns their outputs in order. */
export async function askAll(lab: Lab, all: readonly Command[]): Promise<string[]> {
  if (all.length === 0) return [];
  const script = [
    'rm -rf /run/probe; mkdir /run/probe',
    ...all.map(
      ({ netns, command }, index) =>
        `nsenter --net=/run/netns/${netns} ${command} >/run/probe/${index} 2>&1 &`,
    ),
    'wait',
    `for i in $(seq 0 ${all.length - 1}); do echo "@$i"; cat /run/probe/$i; done`,
  ];
  const { stdout } = await lab.holder.run(script.join('\n'));
  return stdout.split(/^@\d+\n/m).slice(1);
}
