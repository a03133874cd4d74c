import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { reportText } from '../fixture/report.ts';
import { LanguageServer } from './language-server.ts';

/** What an editor with YAML support shows in a topology: asked of the server that these editors run. */

const server = new LanguageServer();
beforeAll(() => server.start());
afterAll(() => server.stop());

const text = reportText();

/** The first place of some words, or just behind them. */
function placeOf(words: string, of: string, edge: 'start' | 'end' = 'start') {
  const at = of.indexOf(words);
  if (at < 0) throw new Error(`no ${words}`);
  const before = of.slice(0, at + (edge === 'end' ? words.length : 1)).split('\n');
  return { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
}

const edited = (from: string, to: string): string => {
  if (!text.includes(from)) throw new Error(`no ${from}`);
  return text.replace(from, to);
};

test("it marks nothing in the field report's topology", async () => {
  expect((await server.open('topology.yaml', text)).wrong).toEqual([]);
});

test.each([
  ['a field', 'nodeToNodeMesh', ["Calico's own full mesh between nodes"]],
  ['a word of several', 'role: server', ['* `server`: control plane', '* `agent`: runs pods only']],
  [
    'a field that takes more than one form',
    'address: 192.168.100.251',
    ['that the node peers from', 'An IPv4 or'],
  ],
  ['a number, where a word may stand', 'mtu: 1370', ["MTU of the pods' interfaces", 'Bytes.']],
  ['an entry', 'kubemaster:     {', ['A Kubernetes node.']],
])('over %s it says what that is', async (_what, words, said) => {
  const { uri } = await server.open('topology.yaml', text);
  const shown = await server.hover(uri, placeOf(words, text));
  for (const part of said) expect(shown).toContain(part);
});

test.each([
  [
    'a CIDR without a length',
    'cidrs: [10.42.0.0/16]',
    'cidrs: [10.42.0.0]',
    'This is not a CIDR. Write network/length, such as 10.42.0.0/16 or fd42::/48.',
  ],
  [
    'an address out of range',
    '192.168.100.251, block',
    '192.168.100.300, block',
    'This is not an address. Write IPv4 as four numbers from 0 to 255 without leading zeros, IPv6 without a zone; no prefix length.',
  ],
  [
    'a name in capitals',
    '  gateway:   ',
    '  Gateway:   ',
    'This is not a valid name. Use lower-case letters, digits and "-", at most 63, starting and ending with a letter or digit.',
  ],
  [
    'a number for text',
    'version: v3.32.1',
    'version: 3.32',
    'This is not a Calico release. Write it as Calico tags it: v3.32.1, v3.31.7 or v3.30.7.',
  ],
  ['another word', 'role: server', 'role: master', 'Value is not accepted. Valid values: "server", "agent".'],
])('it marks %s, in words', async (_what, from, to, message) => {
  const { wrong } = await server.open('topology.yaml', edited(from, to));
  expect(wrong.map((one) => one.replace(/^\d+: /, ''))).toEqual([message]);
});

test('a new node is offered in block style, with what it needs', async () => {
  const wanted = edited('  kubenode-hkg04:', '  \n  kubenode-hkg04:');
  const { uri } = await server.open('topology.yaml', wanted);
  const offers = await server.complete(uri, placeOf('10.42.64.64/26}\n  ', wanted, 'end'));
  const [offer] = offers.filter(({ label }) => label === 'a new entry');
  expect(offer?.textEdit?.newText).toBe(
    '${1:name}:\n  region: $2\n  role: ${3|agent,server|}\n  address: $4',
  );
});

test('in a node each field is offered, with its description', async () => {
  const wanted = edited('  kubenode-hkg04:', '  fresh:\n    \n  kubenode-hkg04:');
  const { uri } = await server.open('topology.yaml', wanted);
  const offers = await server.complete(uri, placeOf('  fresh:\n    ', wanted, 'end'));
  expect(offers.map(({ label }) => label)).toEqual(
    expect.arrayContaining(['region', 'role', 'address', 'igp']),
  );
  expect(offers.find(({ label }) => label === 'region')?.documentation).toBe(
    'The region that the node belongs to.',
  );
});

describe('The comment that names the schema', () => {
  const schema = readFileSync('topology.schema.json', 'utf8');
  const named = (name: string): string => edited('$schema=topology.schema.json', `$schema=${name}`);
  const blockSize = placeOf('blockSize', text);

  test('names a file, from the folder of the topology', async () => {
    const { uri, wrong } = await server.open('test/topology.yaml', named('../topology.schema.json'));
    expect(wrong).toEqual([]);
    expect(await server.hover(uri, blockSize)).toContain('Prefix length of the blocks');
  });

  test('or a version at an address', async () => {
    const web = createServer((_request, response) => response.end(schema)).listen(0, '127.0.0.1');
    await new Promise((done) => web.once('listening', done));
    const { port } = web.address() as AddressInfo;
    const address = `http://127.0.0.1:${port}/noencap@0.1.0/topology.schema.json`;
    const { uri } = await server.open('topology.yaml', named(address));
    expect(await server.hover(uri, blockSize)).toContain('Prefix length of the blocks');
    await new Promise((done) => web.close(done));
  });

  test('only the first one counts: where its file is missing, the editor says so and has no other', async () => {
    const two = named('missing.json').replace(
      '\n',
      '\n# yaml-language-server: $schema=topology.schema.json\n',
    );
    const { wrong } = await server.open('topology.yaml', two);
    expect(wrong.join()).toContain('missing.json');
  });
});
