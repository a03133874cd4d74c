import type { Construct } from 'constructs';
import { INSTALLATION, installationPool } from '../calico/defaults.ts';
import { calicoHas, hasCniSpecVersion } from '../calico/releases.ts';
import { type Fabric, poolName } from '../fabric/index.ts';
import * as operator from '../imports/operator.tigera.io.ts';
import type { Family } from '../topology/address.ts';
import type { Pool } from '../topology/model.ts';
import { KEEP_CUSTOM } from './guards.ts';
import { ManifestChart } from './manifest-chart.ts';

/**
 * Calico as the operator is to run it. The operator writes its defaults back into the Installation, and an engine that
 * compares with git would fight it: every field with a default is written out here.
 */
export class Installation extends ManifestChart {
  constructor(scope: Construct, fabric: Fabric) {
    super(scope, 'cluster/10-installation/installation.yaml');
    new operator.Installation(this, 'installation', {
      metadata: { name: 'default', annotations: KEEP_CUSTOM },
      spec: {
        variant: written<operator.InstallationSpecVariant>(INSTALLATION.variant),
        // The operator adds a missing slash, and the engine would remove it again.
        ...(fabric.calico.registry === undefined ? {} : { registry: `${fabric.calico.registry}/` }),
        ...(fabric.calico.imagePullSecrets.length === 0
          ? {}
          : { imagePullSecrets: fabric.calico.imagePullSecrets.map((name) => ({ name })) }),
        cni: cni(fabric.calico.version),
        calicoNetwork: network(fabric),
        ...OPERATOR_DEFAULTS,
      },
    });
    // Serves projectcalico.org/v3. The operator changes and deletes pools only through it, even if nobody else uses that API.
    new operator.ApiServer(this, 'apiserver', {
      metadata: { name: 'default', annotations: KEEP_CUSTOM },
      spec: {},
    });
  }
}

/** A default, typed as that field of the Installation. */
const written = <E extends string>(text: `${E}`): E => text as E;

function cni(version: string): operator.InstallationSpecCni {
  const { type, ipam, binDir, confDir, specVersion } = INSTALLATION.cni;
  return {
    type: written<operator.InstallationSpecCniType>(type),
    ipam: { type: written<operator.InstallationSpecCniIpamType>(ipam.type) },
    ...(calicoHas(version, 'cniFolders') ? { binDir, confDir } : {}),
    ...(hasCniSpecVersion(version)
      ? { specVersion: written<operator.InstallationSpecCniSpecVersion>(specVersion) }
      : {}),
  };
}

function network(fabric: Fabric): operator.InstallationSpecCalicoNetwork {
  const { families, mtu } = fabric.pods;
  const { calicoNetwork: usual } = INSTALLATION;
  const { version } = fabric.calico;
  return {
    // The operator refuses pools without encapsulation unless BGP is enabled.
    bgp: written<operator.InstallationSpecCalicoNetworkBgp>(usual.bgp),
    ipPools: fabric.pods.pools.map((pool) => ipPool(fabric, pool)),
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
    // K3s' service load balancer exits in pods whose ip_forward is 0, which is what Calico's CNI sets by default.
    containerIpForwarding: fabric.calico.containerIPForwarding
      ? operator.InstallationSpecCalicoNetworkContainerIpForwarding.ENABLED
      : written<operator.InstallationSpecCalicoNetworkContainerIpForwarding>(usual.containerIPForwarding),
    hostPorts: written<operator.InstallationSpecCalicoNetworkHostPorts>(usual.hostPorts),
    linuxDataplane: written<operator.InstallationSpecCalicoNetworkLinuxDataplane>(usual.linuxDataplane),
    multiInterfaceMode: written<operator.InstallationSpecCalicoNetworkMultiInterfaceMode>(
      usual.multiInterfaceMode,
    ),
    ...(calicoHas(version, 'windowsDataplane')
      ? {
          windowsDataplane: written<operator.InstallationSpecCalicoNetworkWindowsDataplane>(
            usual.windowsDataplane,
          ),
        }
      : {}),
    ...(calicoHas(version, 'policySetupTimeout')
      ? { linuxPolicySetupTimeoutSeconds: usual.linuxPolicySetupTimeoutSeconds }
      : {}),
  };
}

function ipPool(fabric: Fabric, pool: Pool): operator.InstallationSpecCalicoNetworkIpPools {
  const usual = installationPool(pool.cidr.family);
  return {
    cidr: pool.cidr.text,
    blockSize: pool.blockSize,
    encapsulation: operator.InstallationSpecCalicoNetworkIpPoolsEncapsulation.NONE,
    natOutgoing: fabric.pods.natOutgoing
      ? written<operator.InstallationSpecCalicoNetworkIpPoolsNatOutgoing>(usual.natOutgoing)
      : operator.InstallationSpecCalicoNetworkIpPoolsNatOutgoing.DISABLED,
    nodeSelector: usual.nodeSelector,
    disableBgpExport: usual.disableBGPExport,
    ...(calicoHas(fabric.calico.version, 'poolDetails')
      ? {
          name: poolName(fabric, pool),
          disableNewAllocations: pool.retiring,
          allowedUses: [...usual.allowedUses],
          assignmentMode: usual.assignmentMode,
        }
      : {}),
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

/** Each family has its own enum for the same single value. */
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

/** Defaults that the operator would write back; see the API reference of Installation. */
const { controlPlaneReplicas, flexVolumePath, kubeletVolumePluginPath, nonPrivileged } = INSTALLATION;
const { nodeUpdateStrategy, logging } = INSTALLATION;
const OPERATOR_DEFAULTS = {
  controlPlaneReplicas,
  flexVolumePath,
  kubeletVolumePluginPath,
  nodeUpdateStrategy: {
    type: nodeUpdateStrategy.type,
    rollingUpdate: {
      maxUnavailable: operator.InstallationSpecNodeUpdateStrategyRollingUpdateMaxUnavailable.fromNumber(
        nodeUpdateStrategy.rollingUpdate.maxUnavailable,
      ),
    },
  },
  logging: {
    cni: {
      ...logging.cni,
      logSeverity: written<operator.InstallationSpecLoggingCniLogSeverity>(logging.cni.logSeverity),
      logFileMaxSize: operator.InstallationSpecLoggingCniLogFileMaxSize.fromString(
        logging.cni.logFileMaxSize,
      ),
    },
  },
  nonPrivileged,
};
