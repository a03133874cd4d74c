import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { STARTER } from '../../start/starter.ts';
import { withoutSecrets } from '../../topology/fault.ts';
import {
  defineTopology,
  formatFault,
  type Loaded,
  loadTopology,
  parseTopologyValue,
  unreadable,
} from '../../topology/index.ts';

const load = (text: string): Loaded => loadTopology({ file: 'topology.yaml', bytes: Buffer.from(text) });

const messages = (loaded: Loaded): string =>
  loaded.ok ? '' : loaded.faults.map((one) => formatFault(one, loaded.source)).join('\n');

const codes = (loaded: Loaded): string[] => (loaded.ok ? [] : loaded.faults.map(({ code }) => code));

const topology = (loaded: Loaded) => {
  if (loaded.ok) return loaded.topology;
  throw new Error(messages(loaded));
};

const FULL = readFileSync('test/cli/full-topology.yaml', 'utf8');

describe('a file that cannot be read', () => {
  test.each([
    [
      'ENOENT',
      'topology.yaml  does not exist.\n  Run bin/noencap init to create one, or name another file with --topology.',
    ],
    ['EISDIR', 'topology.yaml  is a folder.\n  Name the topology file itself with --topology.'],
    [
      'EACCES',
      'topology.yaml  is not readable by this user.\n  Allow it with chmod u+r, or run as the owner of the file.',
    ],
    ['EIO', 'topology.yaml  cannot be read (EIO).\n  Fix that, or name another file with --topology.'],
  ])('%s', (reason, expected) => expect(messages(unreadable('topology.yaml', reason))).toBe(expected));

  test('larger than any topology', () => {
    const loaded = loadTopology({ file: 'topology.yaml', bytes: new Uint8Array(16 * 1024 * 1024 + 1) });
    expect(messages(loaded)).toContain('is 17 MiB; the limit is 16 MiB.');
  });
});

describe('the same topology', () => {
  test('as a value equals the one from its YAML', () => {
    expect(topology(parseTopologyValue(parse(FULL)))).toEqual(topology(load(FULL)));
  });

  test('typed with defineTopology is checked by the compiler, and read unchanged', () => {
    const typed = defineTopology({
      version: 1,
      name: 'typed',
      pods: { cidrs: ['10.42.0.0/16'] },
      services: { cidrs: ['10.43.0.0/16'] },
      calico: { version: 'v3.32.1' },
      k3s: { version: 'v1.34.5+k3s1' },
      gitops: { repoURL: 'https://git.example/typed.git' },
      regions: { home: { router: 'gateway' } },
      routers: { gateway: { routerId: '192.168.1.1', nodeAddress: '192.168.1.1' } },
      // @ts-expect-error: no such role
      nodes: { a: { region: 'home', role: 'worker', address: '192.168.1.2' } },
    });
    const loaded = parseTopologyValue(typed, 'topology.ts');
    expect(messages(loaded)).toContain('topology.ts  nodes.a.role: is "worker", not server or agent.');
  });

  test.each([
    ['with Windows line ends', (text: string) => text.replaceAll('\n', '\r\n')],
    ['with a byte order mark', (text: string) => `\ufeff${text}`],
    ['as JSON', (text: string) => JSON.stringify(parse(text), null, 2)],
    ['in block style', (text: string) => stringify(parse(text), { collectionStyle: 'block' })],
    [
      'with comments in other scripts',
      (text: string) => text.replace('\n', ' # می\u200cخواهم 家族 👨\u200d👩\u200d👧\n'),
    ],
    ['with document markers', (text: string) => `---\n${text}...\n`],
  ])('%s', (_, change) => expect(topology(load(change(FULL)))).toEqual(topology(load(FULL))));

  test('with a value that is written once and used twice', () => {
    const shared = STARTER.replace('  gateway: {routerId', '  gateway: &router {routerId').replace(
      'cidrs: [10.42.0.0/16]',
      'cidrs: &pods [10.42.0.0/16]',
    );
    expect(topology(load(shared))).toEqual(topology(load(STARTER)));
  });
});

test('a fault in an anchor is reported once, not once per alias', () => {
  expect(codes(load(FULL.replace('tyo: {igp: true}', 'tyo: &h {igp: 3}\n  a: *h\n  b: *h')))).toEqual([
    'type',
  ]);
});

describe('what YAML cannot express', () => {
  const base = () => parse(STARTER) as Record<string, unknown>;
  class Fancy {
    readonly region = 'home';
  }
  const cyclic: Record<string, unknown> = {};
  cyclic.itself = cyclic;
  test.each<[string, unknown, string]>([
    ['undefined', undefined, 'name: is undefined'],
    ['a function', () => 'x', 'name: is a function'],
    ['a symbol', Symbol('x'), 'name: is a symbol'],
    ['a bigint', 10n, 'name: is a bigint'],
    ['NaN', Number.NaN, 'name: is NaN'],
    ['a date', new Date(0), 'name: is an instance of Date'],
    ['an instance', new Fancy(), 'name: is an instance of Fancy'],
    ['a map', new Map(), 'name: is an instance of Map'],
    ['a cycle', cyclic, 'name.itself: contains itself'],
    ['a symbol key', { [Symbol('x')]: 1 }, 'name: has a symbol for a key'],
    [
      'a getter',
      {
        get x(): string {
          throw new Error('ran');
        },
      },
      'name.x: is computed by a getter',
    ],
  ])('%s', (_, value, message) => {
    const loaded = parseTopologyValue({ ...base(), name: value });
    expect(codes(loaded)).toContain('not-plain');
    expect(messages(loaded)).toContain(message);
  });

  test("a user's proxy or prototype runs no code after the copy", () => {
    const hostile = Object.assign(Object.create({ region: 'inherited' }), base());
    expect(codes(parseTopologyValue(hostile))).toEqual(['not-plain']);
  });

  test.each([undefined, null, 3, 'text', [], () => 1])('%p is no topology', (value) => {
    expect(parseTopologyValue(value).ok).toBe(false);
  });
});

test('the order of keys makes no difference to a topology', () => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, inner]) => [key, reversed(inner)]),
    );
  };
  expect(topology(parseTopologyValue(reversed(parse(FULL))))).toEqual(topology(load(FULL)));
});

describe('secrets put into a topology by mistake', () => {
  test.each([
    ['https://user:secret@git.example/x.git', 'https://***********@git.example/x.git'],
    ['"me:secret@host"', '"*********@host"'],
    ['https://git.example/x?token=secret', 'https://git.example/x?************'],
    ['ssh://git@git.example/x.git', 'ssh://git@git.example/x.git'],
    ['git@git.example:x.git', 'git@git.example:x.git'],
    ['a: 192.168.1.1', 'a: 192.168.1.1'],
    ['https://user:p@ss@git.example/', 'https://*********@git.example/'],
    ['{password: "hunter2", x: 1}', '{password: "*******", x: 1}'],
    ['token: K10abc::server:def', 'token: ******************'],
    [
      'password: {file: /etc/x, secret: {name: bgp, key: r1}}',
      'password: {file: /etc/x, secret: {name: bgp, key: r1}}',
    ],
    ['{value: hunter2}', '{value: *******}'],
  ])('%s is shown as %s', (text, shown) => expect(withoutSecrets(text)).toBe(shown));

  test('never appear in a message, wherever they are', () => {
    for (const field of ['name: home ', 'regionLabel: x\nname: home ']) {
      for (const value of [
        'https://user:hunter2@git.example/',
        'user:hunter2@git.example',
        'https://git.example/?k=hunter2',
      ]) {
        const loaded = load(STARTER.replace('name: home ', field.replace('home', value)));
        expect(loaded.ok).toBe(false);
        expect(messages(loaded)).not.toContain('hunter2');
      }
    }
  });
});

describe('any file content', () => {
  const valid = parse(FULL) as unknown;

  /** Every place of a value, by path. */
  const paths = (value: unknown, path: readonly (string | number)[] = []): (string | number)[][] =>
    typeof value !== 'object' || value === null
      ? [[...path]]
      : [
          [...path],
          ...Object.entries(value).flatMap(([key, inner]) =>
            paths(inner, [...path, Array.isArray(value) ? Number(key) : key]),
          ),
        ];

  const put = (value: unknown, [part, ...rest]: readonly (string | number)[], by: unknown): unknown => {
    if (part === undefined) return by;
    const copy: Record<string | number, unknown> = Array.isArray(value)
      ? ([...value] as never)
      : { ...(value as object) };
    copy[part] = put(copy[part], rest, by);
    return copy;
  };

  const anything = fc.oneof(
    fc.anything({ withNullPrototype: true, maxDepth: 3 }),
    fc.constantFrom<unknown>(
      '',
      ' ',
      'true',
      '0',
      '10.0.0.0/8',
      '::',
      'constructor',
      '__proto__',
      [],
      {},
      [[]],
      -1,
      1e99,
    ),
  );

  const soundly = (loaded: Loaded): void => {
    if (loaded.ok) return;
    expect(loaded.faults.length).toBeGreaterThan(0);
    const text = messages(loaded);
    expect(text).not.toMatch(/\[object |undefined is|NaN is|function \(/);
    for (const one of loaded.faults) {
      expect(one.message).toMatch(/\S\.$/);
      expect(one.fix).toMatch(/[.?]$/);
    }
  };

  test('gives a topology or faults: any value at any place', () => {
    fc.assert(
      fc.property(fc.constantFrom(...paths(valid)), anything, (path, value) => {
        soundly(parseTopologyValue(put(valid, path, value)));
      }),
      { numRuns: 1500 },
    );
  });

  test('any two values at any two places', () => {
    const place = fc.constantFrom(...paths(valid));
    fc.assert(
      fc.property(place, anything, place, anything, (one, a, other, b) => {
        const once = put(valid, one, a);
        try {
          soundly(parseTopologyValue(put(once, other, b)));
        } catch (error) {
          // The second place may be removed with the first.
          if (!(error instanceof TypeError && !error.stack?.includes('topology/'))) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });

  test('any bytes changed in a real file, each fault with a place inside it', () => {
    const bytes = Buffer.from(FULL);
    const change = fc.record({
      at: fc.nat(bytes.length - 1),
      drop: fc.nat(12),
      insert: fc.oneof(
        fc.uint8Array({ maxLength: 4 }),
        fc.string({ maxLength: 6 }).map((text) => Buffer.from(text)),
      ),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const changed = changes.reduce(
          (before, { at, drop, insert }) =>
            Buffer.concat([before.subarray(0, at), insert, before.subarray(at + drop)]),
          bytes,
        );
        const loaded = loadTopology({ file: 'topology.yaml', bytes: changed });
        soundly(loaded);
        if (loaded.ok) return;
        for (const { at } of loaded.faults) {
          if (at === undefined) continue;
          expect(at.line).toBeGreaterThan(0);
          expect(at.endColumn).toBeGreaterThan(at.column);
        }
      }),
      { numRuns: 1500 },
    );
  });

  test('nothing that a terminal would interpret reaches a message', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...paths(valid)),
        fc.string({ unit: 'binary', maxLength: 20 }),
        (path, value) => {
          expect(messages(parseTopologyValue(put(valid, path, value)))).not.toMatch(
            /[\p{Cc}\u202e\u2066](?<!\n)/u,
          );
        },
      ),
      { numRuns: 400 },
    );
  });
});
