import { lookAtAddresses } from '../../../live/cluster/index.ts';
import { PATIENCE } from '../../../live/cluster/list.ts';
import { allocationIn } from '../../../verify/index.ts';
import { lendingCluster, podWith } from './addresses.ts';
import { type ApiServer, startApiServer } from './api-server.ts';

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer(lendingCluster());
});
afterEach(() => server.close());

const look = (page = PATIENCE.page) => lookAtAddresses({ patience: { ...PATIENCE, page, second: 1 } });

const seen = async (page?: number) => {
  const { allocation, unread } = allocationIn(await look(page));
  return {
    unread: unread.map(({ because, what }) => `${what}: ${because}`),
    blocks: allocation?.blocks.map(({ prefix, node }) => `${prefix.text} ${node ?? 'nobody'}`),
    addresses: allocation?.addresses
      .filter(({ pod }) => pod?.startsWith('default/'))
      .map(({ address, node, pod, isThere }) => `${address.text} ${pod} ${node} ${isThere}`),
  };
};

const ADDRESSES = [
  '10.42.9.5 default/heir kubemaster true',
  '10.42.64.66 default/near kubenode-wds-1 true',
  '10.42.64.70 default/far kubenode-hkg04 true',
  '10.42.64.71 default/ghost kubenode-wds-1 false',
  '10.42.77.1 default/guest stranger true',
  '10.42.88.1 default/orphan kubemaster true',
];

test('blocks, and who has which address: a note of Calico that no pod has, a block of nobody, none of load balancers', async () => {
  expect(await seen()).toEqual({
    unread: [],
    blocks: [
      '10.42.9.0/26 old-1',
      '10.42.64.64/26 kubenode-wds-1',
      '10.42.77.0/26 stranger',
      '10.42.88.0/26 nobody',
      '10.42.141.0/26 kubemaster',
      '10.42.253.128/26 kubenode-hkg04',
    ],
    addresses: ADDRESSES,
  });
});

test('page by page it is the same, and no page is larger than asked for', async () => {
  expect((await seen(2)).addresses).toEqual(ADDRESSES);
  expect(server.asked.filter((path) => path.startsWith('/api/v1/pods?')).length).toBe(4);
});

test('pods that may not be listed leave what Calico has noted, of which nobody knows whether it is still so', async () => {
  server.intercept = (path) =>
    path === '/api/v1/pods'
      ? { status: 403, body: { kind: 'Status', message: 'pods is forbidden' } }
      : undefined;
  const { unread, addresses } = await seen();
  expect(unread).toEqual(['pods: forbidden']);
  expect(addresses).toContain('10.42.64.70 default/far kubenode-hkg04 undefined');
  expect(addresses).toContain('10.42.64.71 default/ghost kubenode-wds-1 undefined');
});

test('without blocks or nodes nothing is known', async () => {
  server.forbidden.add('ipamblocks');
  expect(await seen()).toMatchObject({
    unread: ['ipamblocks.crd.projectcalico.org: forbidden'],
    blocks: undefined,
  });
  server.forbidden.add('nodes');
  expect((await seen()).unread).toContain('nodes: forbidden');
});

test('a pod has the addresses of both families', async () => {
  server.lists.set('/api/v1/pods', [podWith('both', 'kubemaster', ['10.42.141.9', 'fd42::9'])]);
  expect((await seen()).addresses).toEqual(
    expect.arrayContaining([
      '10.42.141.9 default/both kubemaster true',
      'fd42::9 default/both kubemaster true',
    ]),
  );
});
