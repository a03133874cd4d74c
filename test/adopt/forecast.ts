import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Comparison } from '../../adopt/index.ts';
import { type Bird, put, startBird, until } from '../delivery/bird.ts';
import { ALONE } from './alone.ts';
import type { AdoptedNetwork } from './scenarios.ts';

/** Lets BIRD run the router's files, then the rendered ones, and compares BIRD's behaviour with the comparison. */
export function expectForecast(
  { files: rendered, comparison }: AdoptedNetwork,
  router: string,
  files: Readonly<Record<string, string>>,
): void {
  const bird = startBird((own) => {
    const here: Record<string, string> = Object.fromEntries(
      Object.entries(files).map(([path, text]) => [path, text.replaceAll('/etc/bird/', `${own}/etc/`)]),
    );
    return { ...here, 'bird.conf': `log "${own}/log" all;\n${here['bird.conf']}` };
  }, ALONE);
  try {
    expect(bird.sessions().length).toBeGreaterThan(0);
    rmSync(join(bird.config, 'k3s'), { recursive: true, force: true });
    doByHand(bird, router, comparison, files);
    for (const [path, text] of rendered) {
      const prefix = `routers/${router}/k3s/`;
      if (path.startsWith(prefix)) put(join(bird.config, 'k3s', path.slice(prefix.length)), text);
    }
    expect(bird.birdc('configure')).toMatch(/Reconfigur(ed|ation in progress)/);
    const logged = () => readFileSync(join(bird.folder, 'log'), 'utf8');
    until(() => /Reconfigured/.test(logged()));
    const touched = (verb: string): string[] =>
      [
        ...(logged()
          .split('Reconfiguring')
          .at(-1)
          ?.matchAll(new RegExp(`<INFO> ${verb} protocol (\\S+)`, 'g')) ?? []),
      ]
        .map(([, name = '']) => name)
        .sort();
    const forecast = (...change: string[]): string[] =>
      comparison.compared
        .filter((one) => one.where === router && change.includes(one.change))
        .map(({ what }) => what)
        .sort();
    // The BIRD here is a BIRD 2, which keeps a session where only BIRD 3 resets it.
    const ofBird3 = comparison.compared
      .filter(({ details }) => details.some(({ because }) => because?.id === 'bird-3'))
      .map(({ what }) => what);
    expect({ reset: touched('Restarting'), gone: touched('Removing'), new: touched('Adding') }).toEqual({
      reset: forecast('reset').filter((name) => !ofBird3.includes(name)),
      gone: forecast('gone'),
      new: forecast('new'),
    });
    expect(bird.sessions()).toEqual(expect.arrayContaining(forecast('kept', 'reloaded', 'reset', 'new')));
    expect(logged().split('Reconfiguring').at(-1)).not.toContain('<ERR>');
  } finally {
    bird.end();
  }
}

/** The manual steps on this router, as reported: lines for bird.conf, and the password in its own file. */
function doByHand(
  bird: Bird,
  router: string,
  { todo }: Comparison,
  files: Readonly<Record<string, string>>,
): void {
  const own = todo.filter((one) => one.startsWith(`${router}: `));
  for (const one of own) {
    const [, line] = /: add this to bird\.conf, before its include: (.+)$/.exec(one) ?? [];
    const [, file] =
      /: move the line password "\.\.\." of its sessions to \/etc\/bird\/(\S+)$/.exec(one) ?? [];
    const main = join(bird.config, 'bird.conf');
    const [, include] = /: add this at the end of bird\.conf: (.+)$/.exec(one) ?? [];
    const [, name, where = ''] = /: remove (\S+) from [^/]+\/(\S+): /.exec(one) ?? [];
    if (include !== undefined) writeFileSync(main, `${readFileSync(main, 'utf8')}\n${include}\n`);
    else if (name !== undefined) {
      // Each protocol has its own line there.
      const [place, protocol] = [join(bird.config, where), new RegExp(`^protocol bgp ${name} .*\n`, 'm')];
      writeFileSync(place, readFileSync(place, 'utf8').replace(protocol, ''));
    } else if (line !== undefined) writeFileSync(main, `${line}\n${readFileSync(main, 'utf8')}`);
    else if (file !== undefined) {
      const password = Object.values(files)
        .join('')
        .match(/password "[^"]+";/)?.[0];
      put(join(bird.config, file), `${password}\n`);
    } else throw new Error(`nobody can do this: ${one}`);
  }
}
