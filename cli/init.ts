import { existsSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { STARTER } from '../start/index.ts';
import { NOENCAP } from '../topology/own-command.ts';
import { documentOf } from './document.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { refuse } from './refusal.ts';
import type { Terminal } from './terminal.ts';

/** Writes `STARTER` to the topology file; an existing file is never touched. */
export function init(options: { readonly topology: string }, terminal: Terminal): ExitCode {
  const file = options.topology;
  if (!/\.ya?ml$/.test(file))
    return refuse(
      { code: 'usage', message: `${file} is not a YAML file name`, fix: 'It must end in .yaml.' },
      terminal,
    );
  try {
    writeFileSync(file, starterFor(file), { flag: 'wx' });
  } catch (error) {
    const message = existsSync(file)
      ? `${file} already exists`
      : `${file} cannot be written (${(error as NodeJS.ErrnoException).code})`;
    return refuse({ code: 'file', message, fix: 'Name another file with --topology.' }, terminal);
  }
  if (terminal.json) terminal.print(documentOf('init', { ok: true, file }));
  else
    terminal.say(
      `${file} written. Replace its routers and nodes with yours, then run: ${NOENCAP} synth${file === 'topology.yaml' ? '' : ` -t ${file}`}`,
    );
  return EXIT.fine;
}

/** Editors look for the schema from the topology's own folder. */
const starterFor = (file: string): string =>
  STARTER.replace('$schema=', `$schema=${relative(dirname(file), '.')}/`).replace('$schema=/', '$schema=');
