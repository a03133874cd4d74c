import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { router } from './samples.ts';

/**
 * What bird_exporter 1.4.1 (Debian's prometheus-bird-exporter, -bird.v2) printed beside BIRD 2.0.12 with three sessions of
 * noencap's names: k3s_kubemaster_v4, which had one route; k3s_backbone_cn_ns_v4 with two channels, whose peer did not exist; k3s_off_v4,
 * disabled. In `up` the first was Established, in `down` its peer had been killed, in `dead` BIRD itself.
 */
const published = (state: 'up' | 'down' | 'dead'): string[] =>
  readFileSync(join('test', 'metrics', 'published', `bird-${state}.prom`), 'utf8')
    .split('\n')
    .filter((line) => line !== '');

const parsed = (line: string) => {
  const [, name = '', labels = '', value = ''] = /^(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
  return {
    name,
    value,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text])),
  };
};

/** The labels that Prometheus adds to those of the exporter. */
const ADDED = ['fabric', 'router', 'instance', 'job'];

test('the samples of these tests have the metrics and labels that the exporter prints', () => {
  const printed = published('up').map(parsed);
  for (const { series } of router('gateway', [{ name: 'k3s_kubemaster_v4', up: '1x1' }])) {
    const { name, labels } = parsed(`${series} 1`);
    const same = printed.find((one) => one.name === name && one.labels.name === labels.name);
    expect({
      name,
      labels: Object.keys(labels)
        .filter((key) => !ADDED.includes(key))
        .sort(),
    }).toEqual({
      name,
      labels: Object.keys(same?.labels ?? {}).sort(),
    });
    for (const key of ['ip_version', 'proto', 'state'] as const) expect(labels[key]).toBe(same?.labels[key]);
  }
});

const upOf = (state: 'up' | 'down') =>
  published(state)
    .map(parsed)
    .filter(({ name }) => name === 'bird_protocol_up')
    .map(({ labels, value }) => [labels.name, labels.ip_version, value, labels.state]);

test('a session that is down keeps its series, with the value 0 and what BIRD says; its second channel says nothing', () => {
  expect(upOf('up')).toEqual([
    ['k3s_kubemaster_v4', '4', '1', 'Established'],
    ['k3s_backbone_cn_ns_v4', '4', '0', 'Active'],
    ['k3s_off_v4', '4', '0', ''],
    ['k3s_backbone_cn_ns_v4', '6', '0', ''],
  ]);
  expect(upOf('down')[0]).toEqual([
    'k3s_kubemaster_v4',
    '4',
    '0',
    'Active        Socket: Connection refused',
  ]);
});

test('its count of routes is 0, not missing', () => {
  const imported = published('down')
    .map(parsed)
    .find(
      ({ name, labels }) =>
        name === 'bird_protocol_prefix_import_count' && labels.name === 'k3s_kubemaster_v4',
    );
  expect(imported?.value).toBe('0');
});

test('of a dead BIRD nothing is printed: only what is missing shows it', () => {
  expect(published('dead')).toEqual([]);
});
