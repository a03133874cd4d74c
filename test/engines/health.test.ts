import { manifestObjects } from '../charts/topologies.ts';
import type { KubernetesObject } from '../charts/upstream.ts';
import { celHolds } from './cel.ts';
import { luaHealth } from './lua.ts';
import { APPLICATIONS, STATES } from './statuses.ts';
import { gitopsOf, TOPOLOGIES } from './topologies.ts';

const objects = manifestObjects(gitopsOf(TOPOLOGIES['the report, both engines']));
const PREFIX = 'resource.customizations.health.';
const checks: Readonly<Record<string, string>> = objects.find(({ kind }) => kind === 'ConfigMap')?.data;

const checkOf = ({ apiVersion, kind }: KubernetesObject): string => {
  const check = checks[`${PREFIX}${apiVersion.split('/')[0]}_${kind}`];
  if (check === undefined) throw new Error(`no check of ${apiVersion} ${kind}`);
  return check;
};

const expressions: readonly { kind: string; current: string }[] = objects.find(
  ({ metadata }) => metadata.name === 'noencap-installation' && metadata.namespace === 'flux-system',
)?.spec.healthCheckExprs;

describe("Argo CD's health of", () => {
  test.each(Object.entries(STATES))('%s', (_name, { object, argoCd }) => {
    expect(luaHealth(checkOf(object), object)).toMatchObject({ status: argoCd });
  });

  test.each(APPLICATIONS)('an Application %s', (_name, object, health) => {
    expect(luaHealth(checkOf(object), object)).toMatchObject({ status: health });
  });

  test.each(['crd.projectcalico.org/v1', 'projectcalico.org/v3'])('a BGPPeer of %s', (apiVersion) => {
    const peer = { apiVersion, kind: 'BGPPeer', metadata: { name: 'a' }, spec: { peerIP: '10.0.0.1' } };
    expect(luaHealth(checkOf(peer), peer)).toEqual({
      status: 'Healthy',
      message: expect.stringContaining('ask its router or node'),
    });
  });

  test("a degraded object gives the reason, with the operator's message", () => {
    const { object } = STATES['an Installation whose images are not to be had'] as {
      object: KubernetesObject;
    };
    expect(luaHealth(checkOf(object), object).message).toBe('pod calico-node-x is in ImagePullBackOff');
  });
});

describe('Flux', () => {
  const looked = Object.entries(STATES).filter(([, { flux }]) => flux !== undefined);
  test.each(looked)('at %s', (_name, { object, flux }) => {
    const expression = expressions.find(({ kind }) => kind === object.kind)?.current ?? '';
    expect(celHolds(expression, object) ? 'goes on' : 'waits').toBe(flux);
  });
});

describe('The Lua in tests is the one that Argo CD runs', () => {
  const object = { apiVersion: 'v1', kind: 'A', metadata: { name: 'é"\\\n' } };

  test('no string library, unless argocd-cm opens it', () => {
    expect(() => luaHealth('return { status = string.upper("x") }', object)).toThrow('nil value');
    for (const key of Object.keys(checks)) expect(key.startsWith(PREFIX)).toBe(true);
  });

  test('no status that Argo CD does not know', () => {
    expect(() => luaHealth('return { status = "Ready" }', object)).toThrow('Argo CD knows no health "Ready"');
  });

  test('objects arrive as they are', () => {
    expect(
      luaHealth('return { status = "Healthy", message = obj.metadata.name .. "." }', object).message,
    ).toBe('é"\\\n.');
  });
});
