import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { smallestPodMtu } from '../analysis/index.ts';
import { calicoHas } from '../calico/releases.ts';
import { buildFabric, type Fabric } from '../fabric/index.ts';
import { whyUnreadable } from '../machine/index.ts';
import { fault, located } from '../topology/fault.ts';
import type { Fault, Source, Topology } from '../topology/index.ts';
import { readTopology } from './read-topology.ts';
import { readVendored } from './vendored.ts';

/** The input of every command. */
export interface Input {
  readonly fabric: Fabric;
  readonly source: Source;
  /** Absolute path of the vendored operator manifest, its sha256 already checked. */
  readonly operatorManifest: string | undefined;
}

export type Read =
  | { readonly ok: true; readonly input: Input }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly source: Source };

/** Reads the topology and the files it refers to, or reports every fault of either. */
export async function readRepository(file: string): Promise<Read> {
  const loaded = await readTopology(file);
  const faults = loaded.ok
    ? located(operatorManifestFaults(loaded.topology, file), loaded.source)
    : loaded.faults;
  if (!loaded.ok || faults.length > 0) return { ok: false, faults, source: loaded.source };
  const manifest = loaded.topology.calico.operatorManifest;
  return {
    ok: true,
    input: {
      fabric: buildFabric(loaded.topology, smallestPodMtu),
      source: loaded.source,
      operatorManifest: manifest && resolve(dirname(file), manifest.path),
    },
  };
}

/** The manifest is third-party code that runs with full rights in the cluster: its hash is part of the topology. */
export function operatorManifestFaults(topology: Topology, file: string): Fault[] {
  const manifest = topology.calico.operatorManifest;
  if (manifest === undefined) return [];
  const path = ['calico', 'operatorManifest'];
  let bytes: Buffer;
  try {
    bytes = readVendored(dirname(file), manifest.path);
  } catch (error) {
    const fix = `Save the tigera-operator.yaml of Calico ${topology.calico.version} there; the path is relative to the topology's folder.`;
    return [
      fault('operator-manifest-missing', [...path, 'path'], `${manifest.path} ${whyUnreadable(error)}`, fix),
    ];
  }
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === manifest.sha256) return contentFaults(topology, manifest.path, bytes.toString('utf8'));
  return [
    fault(
      'operator-manifest-sha256',
      [...path, 'sha256'],
      `${manifest.path} has a different sha256`,
      `If you trust this file, set ${found}.`,
    ),
  ];
}

/** A file with that hash may still be the wrong one: without the operator or its CRDs nothing would ever start. */
function contentFaults({ calico: { version } }: Topology, file: string, text: string): Fault[] {
  const has = (kind: string) => new RegExp(`^kind: ["']?${kind}["']?\\s*$`, 'm').test(text);
  const missing = [
    ...(has('Deployment') ? [] : ['no Deployment']),
    ...(calicoHas(version, 'operatorBringsCrds') || has('CustomResourceDefinition')
      ? []
      : ['no CustomResourceDefinition']),
  ];
  if (missing.length === 0) return [];
  const fix = `Save manifests/tigera-operator.yaml of Calico ${version} there.`;
  const message = `${file} holds ${missing.join(' and ')}`;
  return [fault('operator-manifest-content', ['calico', 'operatorManifest', 'path'], message, fix)];
}
