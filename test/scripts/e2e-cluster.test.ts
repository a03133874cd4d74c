import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { upstreamTest } from '../charts/upstream.ts';
import { scratch } from '../cli/run.ts';

const folder = scratch();
const bin = join(folder, 'bin');
mkdirSync(bin);
afterAll(() => rmSync(folder, { recursive: true }));

/** `npm run e2e:cluster` with a kubectl that answers its verbs like this; its calls are in `asked`. */
function e2e(answers: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv, ...args: readonly string[]) {
  const asked = join(folder, 'asked');
  writeFileSync(asked, '');
  const cases = Object.entries(answers).map(([verb, script]) => `  ${verb}) ${script} ;;`);
  writeFileSync(
    join(bin, 'kubectl'),
    `#!/bin/sh\necho "$1" >>'${asked}'\ncase $1 in\n${cases.join('\n')}\n  *) exit 1 ;;\nesac\n`,
  );
  chmodSync(join(bin, 'kubectl'), 0o755);
  const { KUBECONFIG: _mine, ...rest } = process.env;
  const run = spawnSync(process.execPath, [require.resolve('tsx/cli'), 'scripts/e2e-cluster.ts', ...args], {
    encoding: 'utf8',
    env: { ...rest, PATH: `${bin}:${process.env.PATH}`, NOENCAP_UPSTREAM: upstream, ...env },
  });
  return {
    code: run.status,
    stdout: run.stdout,
    stderr: run.stderr,
    asked: spawnSync('cat', [asked]).stdout.toString(),
  };
}

/** The part of a folder with Calico's CRDs that is read before the cluster. */
const upstream = join(folder, 'upstream');
for (const version of ['v3.26.1', 'v3.30.7', 'v3.31.7', 'v3.32.1']) {
  mkdirSync(join(upstream, `calico-${version}`), { recursive: true });
}

const ANSWERS = { version: `echo '{"serverVersion":{"gitVersion":"v1.34.4"}}'` };

test('without a cluster it was not run, which is neither passed nor failed', () => {
  expect(e2e(ANSWERS, {})).toEqual({
    code: 3,
    stdout: '',
    stderr: 'e2e:cluster was not run: KUBECONFIG names no cluster.\nSet it to one for throwing away.\n',
    asked: '',
  });
});

test('with a cluster that does not answer it was not run', () => {
  const { code, stdout, stderr } = e2e({ version: 'echo refused >&2; exit 1' }, { KUBECONFIG: 'a' });
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toContain('was not run: the API server does not answer: refused');
});

test('a cluster that has a Calico is left alone, unless it is for throwing away', () => {
  const answers = { ...ANSWERS, get: 'echo installation.operator.tigera.io/default' };
  expect(e2e(answers, { KUBECONFIG: 'a' })).toMatchObject({
    code: 3,
    asked: 'version\nget\n',
    stderr: expect.stringContaining('npm run e2e:cluster -- --throwaway'),
  });
});

upstreamTest('told that it is for throwing away it begins, and a refusal is a failure', (folder) => {
  const answers = {
    ...ANSWERS,
    get: 'echo installation.operator.tigera.io/default',
    apply: 'echo no >&2; exit 1',
  };
  const env = { KUBECONFIG: 'a', NOENCAP_UPSTREAM: folder };
  const { code, stdout } = e2e(answers, env, '--throwaway');
  expect(code).toBe(1);
  expect(stdout).toMatch(/^Kubernetes v1\.34\.4\nFAIL {2}Calico v3\.31\.7, /);
  expect(stdout).toContain('\n0 of 6 hold\n');
});
