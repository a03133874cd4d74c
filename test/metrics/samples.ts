/**
 * Series as exporters publish them, for `promtool test rules`: a line is the metric, its labels, and its values by the minute.
 * published.test.ts holds the form of these lines against what the exporters printed.
 */
export interface Series {
  readonly series: string;
  readonly values: string;
}

const written = (name: string, labels: Readonly<Record<string, string>>, values: string): Series => ({
  series: `${name}{${Object.entries(labels)
    .map(([key, value]) => `${key}="${value}"`)
    .join(',')}}`,
  values,
});

/** A channel of a protocol, in bird_exporter's words. Values are written as promtool reads them: `1x10`, `1x5 0x5`. */
export interface Channel {
  readonly name: string;
  readonly version?: '4' | '6';
  readonly up: string;
  readonly state?: string;
  readonly imported?: string;
  readonly preferred?: string;
}

/** What Prometheus has of one router: the target's labels, and bird_exporter's series. */
export function router(name: string, channels: readonly Channel[], fabric = 'home'): Series[] {
  const target = { fabric, router: name, instance: `${name}:9324`, job: 'noencap-routers' };
  return channels.flatMap(
    ({ name, version = '4', up, state = 'Established', imported = '1x60', preferred }) => {
      const channel = {
        ...target,
        export_filter: '(unnamed)',
        import_filter: '(unnamed)',
        ip_version: version,
        name,
        proto: 'BGP',
      };
      return [
        written('bird_protocol_up', { ...channel, state }, up),
        written('bird_protocol_prefix_import_count', channel, imported),
        written('bird_protocol_prefix_preferred_count', channel, preferred ?? imported),
      ];
    },
  );
}

/** What Prometheus has of calico-kube-controllers: blocks by node, of one pool. */
export function ipam(blocks: Readonly<Record<string, string>>, ippool = 'default-ipv4-ippool'): Series[] {
  const target = { fabric: 'home', instance: 'calico-kube-controllers-metrics:9094', job: 'noencap-ipam' };
  return [
    written('ipam_ippool_size', { ...target, ippool: 'default-ipv4-ippool' }, '65536x60'),
    ...Object.entries(blocks).map(([node, values]) =>
      written('ipam_blocks', { ...target, ippool, node }, values),
    ),
  ];
}

export const series = written;
