import { parseAllDocuments } from 'yaml';
import type { Fabric } from '../../fabric/index.ts';
import { render } from '../../repository/render.ts';
import { fabricOf } from '../fabric-of.ts';
import { NETWORKS } from './networks.ts';

/** One session in a rendered BIRD file. */
interface BirdEnd {
  readonly router: string;
  readonly name: string;
  readonly template: string;
  readonly source: string;
  readonly neighbor: string;
}

/** Read with separate regular expressions, not with code of the printer. */
function birdEnds(files: ReadonlyMap<string, string>): BirdEnd[] {
  return [...files].flatMap(([path, text]) => {
    const router = /^routers\/([^/]+)\/k3s\/ibgpeers\//.exec(path)?.[1];
    if (router === undefined) return [];
    return [...text.matchAll(/^protocol bgp '([^']+)' from (\w+) \{\n([\s\S]*?)^\}/gm)].map(
      ([, name = '', template = '', body = '']) => ({
        router,
        name,
        template,
        source: /^ {2}source address (\S+);$/m.exec(body)?.[1] ?? '',
        neighbor: /^ {2}neighbor (\S+);$/m.exec(body)?.[1] ?? '',
      }),
    );
  });
}

/** For each template: its families, and whether its users are clients. */
function templates(files: ReadonlyMap<string, string>, router: string) {
  const text = files.get(`routers/${router}/k3s/ibgp.conf`) ?? '';
  return new Map(
    [...text.matchAll(/^template bgp (\w+) \{\n([\s\S]*?)^\}/gm)].map(([, name = '', body = '']) => [
      name,
      {
        families: [...body.matchAll(/^ {2}(ipv[46]) \{$/gm)].map(([, family]) => family),
        client: /^ {2}rr client;$/m.test(body),
        as: /^ {2}local as (\w+);\n {2}neighbor as \1;$/m.test(body),
      },
    ]),
  );
}

interface BgpPeer {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeSelector: string; readonly peerIP: string; readonly asNumber: number };
}

function bgpPeers(files: ReadonlyMap<string, string>): BgpPeer[] {
  const text = files.get('cluster/30-bgp/bgp.yaml') ?? '';
  return parseAllDocuments(text)
    .map((document) => document.toJS() as BgpPeer)
    .filter(({ kind }) => kind === 'BGPPeer');
}

/** The sessions that Calico would create: each node with each BGPPeer whose selector matches its labels. */
function calicoEnds(fabric: Fabric, files: ReadonlyMap<string, string>): string[] {
  const all = bgpPeers(files).flatMap(({ spec }) => {
    const region = /^(\S+) == '([^']+)'$/.exec(spec.nodeSelector);
    expect(region?.[1]).toBe(fabric.regionLabel);
    const family = spec.peerIP.includes(':') ? 'ipv6' : 'ipv4';
    return fabric.nodes
      .filter((node) => node.region === region?.[2])
      .map((node) => `${node.address[family]?.text} -> ${spec.peerIP} as ${spec.asNumber}`);
  });
  return all.sort();
}

describe.each(Object.entries(NETWORKS))('in %s', (_, topology) => {
  const fabric = fabricOf(topology);
  const { files } = render(fabric, undefined);
  const ends = birdEnds(files);

  test('Calico and BIRD name the same sessions, with the same addresses and AS', () => {
    const planned = new Set(
      fabric.peerings.filter((peering) => peering.planned).map((peering) => peering.peerAddress.text),
    );
    const calico = calicoEnds(fabric, files).filter((line) => !planned.has(line.split(' ')[2] ?? ''));
    const bird = ends
      .filter(({ name }) => !name.startsWith('k3s_backbone_'))
      .map(({ source, neighbor }) => `${neighbor} -> ${source} as ${fabric.bgp.asNumber}`);
    expect(bird.sort()).toEqual(calico);
    expect(calico.length).toBeGreaterThan(0);
  });

  test('every backbone session has a mirror image on the other router', () => {
    const backbone = ends.filter(({ name }) => name.startsWith('k3s_backbone_'));
    const seen = backbone.map(({ source, neighbor }) => `${source} ${neighbor}`);
    const mirrored = backbone.map(({ source, neighbor }) => `${neighbor} ${source}`);
    expect(seen.sort()).toEqual(mirrored.sort());
  });

  test('a router reflects to its nodes only, in the family of the session', () => {
    for (const end of ends) {
      const template = templates(files, end.router).get(end.template);
      const toNode = !end.name.startsWith('k3s_backbone_');
      expect({ end, client: template?.client, as: template?.as }).toEqual({ end, client: toNode, as: true });
      if (toNode) expect(template?.families).toEqual([end.source.includes(':') ? 'ipv6' : 'ipv4']);
    }
  });

  test('the two renderings contain exactly the sessions of the fabric', () => {
    const ofFabric = fabric.sessions.flatMap((session) =>
      session.ends.flatMap((end, index) =>
        end.kind === 'router'
          ? [`${end.speaker}: ${end.address.text} ${session.ends[1 - index]?.address.text}`]
          : [],
      ),
    );
    expect(ends.map(({ router, source, neighbor }) => `${router}: ${source} ${neighbor}`).sort()).toEqual(
      ofFabric.sort(),
    );
  });
});

test('a second reflector changes nothing of the first but the session between them', () => {
  const two = NETWORKS['redundant-dual-stack'] as NonNullable<(typeof NETWORKS)[string]>;
  const one = { ...two, regions: { ...two.regions, east: { router: 'e1' } } };
  const [before, after] = [one, two].map((topology) => render(fabricOf(topology), undefined).files);
  const changed = [...(after ?? [])].flatMap(([path, text]) =>
    path.startsWith('routers/e1/') && before?.get(path) !== text ? [path] : [],
  );
  expect(changed).toEqual(['routers/e1/k3s/ibgpeers/backbone-e2.conf']);
});
