import type { Fabric } from '../fabric/fabric.ts';
import { installScript } from './install-script.ts';
import { controlPlane, k3sConfig, registries } from './k3s-config.ts';
import { sysctlConf } from './sysctl.ts';

/**
 * The bootstrap files of every node, as paths below dist and their text: `nodes/<node>/...`. A node's folder is
 * copied to it unchanged, and `sh install.sh` there, as root, does the rest.
 *
 * `cniManifests` (file name -> YAML) go to the first server only, as K3s auto-deploy manifests, in the order of
 * the map: no GitOps engine can start before the pod network does.
 *
 * Nothing here enables IP forwarding in containers, which K3s' service load balancer needs (its pods
 * exit if /proc/sys/net/ipv4/ip_forward is 0 in them, and Calico's CNI plugin writes that 0 by default): the operator
 * owns the CNI configuration on the node and renders it from the Installation's `containerIPForwarding`.
 */
export function nodeFiles(
  fabric: Fabric,
  cniManifests: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  if (fabric.nodes.length === 0) return files;
  const servers = controlPlane(fabric);
  for (const region of fabric.regions) {
    for (const node of region.nodes) {
      const manifests = node === servers.first ? cniManifests : new Map<string, string>();
      const mirrors = registries(region);
      const add = (path: string, text: string) => files.set(`nodes/${node.name}/${path}`, text);

      add('config.yaml', k3sConfig(node, fabric, servers));
      add(
        'install.sh',
        installScript({
          node,
          region,
          version: fabric.k3s.version,
          installers: fabric.k3s.installerSha256,
          joins: node !== servers.first,
          manifests: [...manifests.keys()],
        }),
      );
      for (const [name, text] of manifests) add(`manifests/${name}`, text);
      if (mirrors !== undefined) add('registries.yaml', mirrors);
      add('sysctl.d/90-noencap.conf', sysctlConf);
    }
  }
  return files;
}
