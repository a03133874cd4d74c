import type { Construct } from 'constructs';
import type { Fabric } from '../fabric/index.ts';
import * as operator from '../imports/operator.tigera.io.ts';
import type { Family } from '../topology/address.ts';
import type { Pool } from '../topology/model.ts';
import { type CalicoFeatures, calicoFeatures } from './features.ts';
import { KEEP_CUSTOM } from './guards.ts';
import { ManifestChart } from './manifest-chart.ts';

/**
 * Calico as the operator shall run it. The operator writes its defaults back into the Installation, and an engine that
 * compares with git would fight it: whatever has a default is written out here.
 */
export class Installation extends ManifestChart {
  constructor(scope: Construct, fabric: Fabric) {
    super(scope, 'cluster/10-installation/installation.yaml');
    const features = calicoFeatures(fabric.calico.version);
    new operator.Installation(this, 'installation', {
      metadata: { name: 'default', annotations: KEEP_CUSTOM },
      spec: {
        variant: operator.InstallationSpecVariant.CALICO,
        // The operator adds a missing slash, and the engine would take it off again.
        ...(fabric.calico.registry === undefined ? {} : { registry: `${fabric.calico.registry}/` }),
        ...(fabric.calico.imagePullSecrets.length === 0
          ? {}
          : { imagePullSecrets: fabric.calico.imagePullSecrets.map((name) => ({ name })) }),
        cni: cni(features),
        calicoNetwork: network(fabric, features),
        ...OPERATOR_DEFAULTS,
      },
    });
    // Serves projectcalico.org/v3. The operator changes and deletes pools through nothing else, whoever uses that API or not.
    new operator.ApiServer(this, 'apiserver', {
      metadata: { name: 'default', annotations: KEEP_CUSTOM },
      spec: {},
    });
  }
}

/**
 * The operator calls a cluster's first pool so; it knows pools by their ranges, and a name that changes asks for a second pool of
 * one range. So a name must not depend on which pools there are beside.
 */
function poolName({ k3s }: Fabric, { cidr }: Pool): string {
  const isFirst = k3s.clusterCidrs.some(({ text }) => text === cidr.text);
  return isFirst ? `default-${cidr.family}-ippool` : `pods-${cidr.text.replace(/[^0-9a-f]+/g, '-')}`;
}

function cni({ cniFolders, cniSpecVersion }: CalicoFeatures): operator.InstallationSpecCni {
  return {
    type: operator.InstallationSpecCniType.CALICO,
    ipam: { type: operator.InstallationSpecCniIpamType.CALICO },
    ...(cniFolders ? { binDir: '/opt/cni/bin', confDir: '/etc/cni/net.d' } : {}),
    ...(cniSpecVersion ? { specVersion: operator.InstallationSpecCniSpecVersion.AUTO } : {}),
  };
}

function network(fabric: Fabric, features: CalicoFeatures): operator.InstallationSpecCalicoNetwork {
  const { families, mtu } = fabric.pods;
  return {
    // The operator refuses pools without encapsulation unless BGP is on.
    bgp: operator.InstallationSpecCalicoNetworkBgp.ENABLED,
    ipPools: fabric.pods.pools.map((pool) => ({
      cidr: pool.cidr.text,
      blockSize: pool.blockSize,
      encapsulation: operator.InstallationSpecCalicoNetworkIpPoolsEncapsulation.NONE,
      natOutgoing: fabric.pods.natOutgoing
        ? operator.InstallationSpecCalicoNetworkIpPoolsNatOutgoing.ENABLED
        : operator.InstallationSpecCalicoNetworkIpPoolsNatOutgoing.DISABLED,
      nodeSelector: 'all()',
      disableBgpExport: false,
      ...(features.poolDetails
        ? {
            name: poolName(fabric, pool),
            disableNewAllocations: pool.retiring,
            allowedUses: ['Workload', 'Tunnel'],
            assignmentMode: 'Automatic',
          }
        : {}),
    })),
    ...(mtu === undefined ? {} : { mtu }),
    ...(families.includes('ipv4')
      ? {
          nodeAddressAutodetectionV4: detection(
            fabric,
            'ipv4',
            operator.InstallationSpecCalicoNetworkNodeAddressAutodetectionV4Kubernetes.NODE_INTERNAL_IP,
          ),
        }
      : {}),
    ...(families.includes('ipv6')
      ? {
          nodeAddressAutodetectionV6: detection(
            fabric,
            'ipv6',
            operator.InstallationSpecCalicoNetworkNodeAddressAutodetectionV6Kubernetes.NODE_INTERNAL_IP,
          ),
        }
      : {}),
    // K3s's service load balancer ends in pods whose ip_forward is 0, which is what Calico's CNI sets by default.
    containerIpForwarding: fabric.calico.containerIPForwarding
      ? operator.InstallationSpecCalicoNetworkContainerIpForwarding.ENABLED
      : operator.InstallationSpecCalicoNetworkContainerIpForwarding.DISABLED,
    hostPorts: operator.InstallationSpecCalicoNetworkHostPorts.ENABLED,
    linuxDataplane: operator.InstallationSpecCalicoNetworkLinuxDataplane.IPTABLES,
    multiInterfaceMode: operator.InstallationSpecCalicoNetworkMultiInterfaceMode.NONE,
    ...(features.windowsDataplane
      ? { windowsDataplane: operator.InstallationSpecCalicoNetworkWindowsDataplane.DISABLED }
      : {}),
    ...(features.policySetupTimeout ? { linuxPolicySetupTimeoutSeconds: 0 } : {}),
  };
}

interface Detection<K> {
  firstFound?: boolean;
  kubernetes?: K;
  interface?: string;
  skipInterface?: string;
  canReach?: string;
  cidrs?: string[];
}

/** The two families have an enum each for the same single value. */
function detection<K>(fabric: Fabric, family: Family, internalIp: K): Detection<K> {
  const how = fabric.calico.nodeAddress;
  switch (how.method) {
    case 'firstFound':
      return { firstFound: true };
    case 'kubernetes':
      return { kubernetes: internalIp };
    case 'interface':
      return { interface: how.interface };
    case 'skipInterface':
      return { skipInterface: how.interface };
    case 'canReach':
      return { canReach: how.address };
    case 'cidrs':
      return { cidrs: how.cidrs.filter((cidr) => cidr.family === family).map((cidr) => cidr.text) };
  }
}

/** What the operator would write back; see the API reference of Installation. */
const OPERATOR_DEFAULTS = {
  controlPlaneReplicas: 2,
  flexVolumePath: '/usr/libexec/kubernetes/kubelet-plugins/volume/exec/',
  kubeletVolumePluginPath: '/var/lib/kubelet',
  nodeUpdateStrategy: {
    type: 'RollingUpdate',
    rollingUpdate: {
      maxUnavailable: operator.InstallationSpecNodeUpdateStrategyRollingUpdateMaxUnavailable.fromNumber(1),
    },
  },
  logging: {
    cni: {
      logSeverity: operator.InstallationSpecLoggingCniLogSeverity.INFO,
      logFileMaxSize: operator.InstallationSpecLoggingCniLogFileMaxSize.fromString('100Mi'),
      logFileMaxCount: 10,
      logFileMaxAgeDays: 30,
    },
  },
  nonPrivileged: 'Disabled',
};
