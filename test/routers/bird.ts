import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Fabric } from '../../fabric/index.ts';
import { routerFiles } from '../../routers/index.ts';

/** The files of one router, below the folder of BIRD's configuration. */
export function filesOf(fabric: Fabric, router: string): Map<string, string> {
  const prefix = `routers/${router}/`;
  return new Map(
    [...routerFiles(fabric)].flatMap(([path, text]): [string, string][] =>
      path.startsWith(prefix) ? [[path.slice(prefix.length), text]] : [],
    ),
  );
}

/**
 * An operator's existing bird.conf, as the field report describes it: it defines the constants and tables
 * and includes our file.
 */
export function hostConfig(fabric: Fabric, name: string, more = ''): string {
  const router = fabric.routers.find((candidate) => candidate.name === name);
  if (router === undefined) throw new Error(`no router ${name}`);
  const { tables, constants } = router.bird;
  return `router id ${router.routerId.text};
define ${constants.as} = ${fabric.bgp.asNumber};
define ${constants.routerId} = ${router.routerId.text};
ipv4 table ${tables.ipv4};
ipv6 table ${tables.ipv6};
protocol device { scan time 1; }
${more}
include "k3s/ibgp.conf";
`;
}

/** Writes files below a folder. */
export function place(folder: string, files: ReadonlyMap<string, string>): void {
  for (const [path, text] of files) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}

/** The output of `bird -p` for a configuration; empty if it has no complaint. Passwords are read from stand-ins. */
export function birdSays(files: ReadonlyMap<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'noencap-bird-'));
  try {
    const local = [...files].map(
      ([path, text]) => [path, text.replaceAll('/etc/bird-secrets/', `${folder}/secrets/`)] as const,
    );
    place(
      folder,
      new Map([
        ...local,
        ['secrets/k3s.conf', 'password "test";\n'],
        ['k3s-password.conf', '# salt\npassword "test";\n'],
      ]),
    );
    const { error, status, stdout, stderr } = spawnSync('bird', ['-p', '-c', join(folder, 'bird.conf')], {
      encoding: 'utf8',
    });
    if (error !== undefined) throw new Error('BIRD 2 is missing. Run: scripts/setup-tests.sh');
    const said = stdout + stderr;
    return status === 0 ? said : said || `bird -p ended with ${status}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
