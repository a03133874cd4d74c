import type { k8s } from 'cdk8s-plus-28';

/** The rules of ClusterRole `tigera-operator` for a minor of Calico v3: what the operator of that version needs. */
export const operatorRules = (minor: number): k8s.PolicyRule[] =>
  RULES.filter(({ minors }) => minors[0] <= minor && minor <= minors[1]).map(({ policy }) => policy);

type Minors = readonly [first: number, last: number];

const ALWAYS: Minors = [30, Infinity];
const ONLY_30: Minors = [30, 30];
const ONLY_31: Minors = [31, 31];
const UNTIL_31: Minors = [30, 31];
const SINCE_31: Minors = [31, Infinity];
const SINCE_32: Minors = [32, Infinity];

/** Lists are words; `core` is the API group without a name. */
function rule(minors: Minors, groups: string, resources: string, verbs: string, names?: readonly string[]) {
  const list = (words: string) => words.split(' ').map((word) => (word === 'core' ? '' : word));
  const policy: k8s.PolicyRule = {
    apiGroups: list(groups),
    resources: list(resources),
    verbs: list(verbs),
    ...(names === undefined ? {} : { resourceNames: [...names] }),
  };
  return { minors, policy };
}

const crds = (group: string, plurals: string): string[] =>
  plurals.split(' ').map((plural) => `${plural}.${group}`);

const RULES = [
  rule(ALWAYS, 'apiextensions.k8s.io', 'customresourcedefinitions', 'get list watch create'),
  rule(SINCE_32, 'apiextensions.k8s.io', 'customresourcedefinitions', 'update', [
    ...crds(
      'crd.projectcalico.org',
      'bgpconfigurations bgpfilters bgppeers blockaffinities caliconodestatuses clusterinformations felixconfigurations globalnetworkpolicies stagedglobalnetworkpolicies globalnetworksets hostendpoints ipamblocks ipamconfigs ipamhandles ippools ipreservations kubecontrollersconfigurations networkpolicies stagednetworkpolicies stagedkubernetesnetworkpolicies networksets tiers',
    ),
  ]),
  rule(SINCE_32, 'apiextensions.k8s.io', 'customresourcedefinitions', 'update', [
    ...crds(
      'projectcalico.org',
      'bgpconfigurations bgpfilters bgppeers blockaffinities caliconodestatuses clusterinformations felixconfigurations globalnetworkpolicies stagedglobalnetworkpolicies globalnetworksets hostendpoints ipamblocks ipamconfigurations ipamhandles ippools ipreservations kubecontrollersconfigurations networkpolicies stagednetworkpolicies stagedkubernetesnetworkpolicies networksets tiers',
    ),
  ]),
  rule(SINCE_32, 'apiextensions.k8s.io', 'customresourcedefinitions', 'update', [
    ...crds(
      'operator.tigera.io',
      'apiservers gatewayapis imagesets installations tigerastatuses whiskers goldmanes managementclusterconnections istios',
    ),
  ]),
  rule(SINCE_32, 'apiextensions.k8s.io', 'customresourcedefinitions', 'update delete', [
    ...crds('policy.networking.k8s.io', 'clusternetworkpolicies'),
  ]),
  rule(
    ALWAYS,
    'core',
    'namespaces pods podtemplates services endpoints events configmaps serviceaccounts',
    'create get list update delete watch',
  ),
  rule(ALWAYS, 'core', 'resourcequotas secrets', 'list get watch'),
  rule(ALWAYS, 'core', 'resourcequotas', 'create get list update delete watch', [
    'calico-critical-pods',
    'tigera-critical-pods',
  ]),
  rule(ALWAYS, 'core', 'nodes', 'get patch list watch'),
  rule(ALWAYS, 'authentication.k8s.io', 'tokenreviews', 'create'),
  rule(
    ALWAYS,
    'rbac.authorization.k8s.io',
    'clusterroles clusterrolebindings rolebindings roles',
    'create get list update delete watch bind escalate',
  ),
  rule(ALWAYS, 'apps', 'deployments daemonsets statefulsets', 'create get list patch update delete watch'),
  rule(ALWAYS, 'apps', 'deployments/finalizers', 'update', ['tigera-operator']),
  rule(
    SINCE_32,
    'operator.tigera.io',
    'apiservers apiservers/finalizers apiservers/status gatewayapis gatewayapis/finalizers goldmanes goldmanes/finalizers goldmanes/status imagesets installations installations/finalizers installations/status managementclusterconnections managementclusterconnections/finalizers managementclusterconnections/status tigerastatuses tigerastatuses/status tigerastatuses/finalizers whiskers whiskers/finalizers whiskers/status istios istios/finalizers istios/status',
    'get list update patch watch',
  ),
  rule(ALWAYS, 'operator.tigera.io', 'tigerastatuses', 'create delete'),
  rule(ALWAYS, 'operator.tigera.io', 'installations apiservers whiskers goldmanes', 'delete'),
  rule(ALWAYS, 'networking.k8s.io', 'networkpolicies', 'create update delete get list watch'),
  rule(
    SINCE_32,
    'crd.projectcalico.org projectcalico.org',
    'felixconfigurations bgpconfigurations ippools',
    'create patch list get watch',
  ),
  rule(
    SINCE_32,
    'crd.projectcalico.org projectcalico.org',
    'kubecontrollersconfigurations bgpconfigurations clusterinformations',
    'get list watch',
  ),
  rule(ALWAYS, 'projectcalico.org', 'ippools', 'create update delete patch get list watch'),
  rule(SINCE_31, 'projectcalico.org', 'ipamconfigurations clusterinformations', 'get list watch'),
  rule(ALWAYS, 'scheduling.k8s.io', 'priorityclasses', 'create get list update delete watch'),
  rule(ALWAYS, 'policy', 'poddisruptionbudgets', 'create get list update delete watch'),
  rule(SINCE_32, 'apiregistration.k8s.io', 'apiservices', 'list watch create update delete'),
  rule(SINCE_31, 'discovery.k8s.io', 'endpointslices', 'get list watch'),
  rule(
    SINCE_32,
    'admissionregistration.k8s.io',
    'validatingwebhookconfigurations mutatingwebhookconfigurations',
    'create delete get list watch',
  ),
  rule(ALWAYS, 'admissionregistration.k8s.io', 'mutatingwebhookconfigurations', 'update', [
    'envoy-gateway-topology-injector.tigera-gateway',
  ]),
  rule(SINCE_32, 'admissionregistration.k8s.io', 'validatingwebhookconfigurations', 'update', [
    'istiod-default-validator',
    'istio-validator-calico-system',
  ]),
  rule(
    SINCE_31,
    'admissionregistration.k8s.io',
    'validatingadmissionpolicies validatingadmissionpolicybindings',
    'create update delete get list watch',
  ),
  rule(ALWAYS, 'coordination.k8s.io', 'leases', 'create get list update delete watch'),
  rule(ALWAYS, 'storage.k8s.io', 'csidrivers', 'list watch update get create delete'),
  rule(ALWAYS, 'certificates.k8s.io', 'certificatesigningrequests', 'list watch'),
  rule(
    SINCE_32,
    'admissionregistration.k8s.io',
    'validatingwebhookconfigurations',
    'create update delete get list watch',
  ),
  rule(
    SINCE_32,
    'admissionregistration.k8s.io',
    'mutatingadmissionpolicies mutatingadmissionpolicybindings',
    'create update delete get list watch',
  ),
  rule(ALWAYS, 'policy', 'podsecuritypolicies', 'use', ['tigera-operator']),
  rule(ALWAYS, 'policy', 'podsecuritypolicies', 'get list watch create update delete'),
  rule(
    SINCE_32,
    'projectcalico.org',
    'networkpolicies globalnetworkpolicies networksets',
    'get list watch create update patch delete',
  ),
  rule(
    SINCE_32,
    'projectcalico.org',
    'tier.networkpolicies tier.globalnetworkpolicies',
    'list watch get create update delete',
    ['calico-system.*'],
  ),
  rule(SINCE_32, 'projectcalico.org', 'tier.networkpolicies tier.globalnetworkpolicies', 'list watch get'),
  rule(SINCE_32, 'projectcalico.org', 'tiers', 'get delete update', ['calico-system']),
  rule(SINCE_32, 'projectcalico.org', 'tiers', 'get create list watch'),
  rule(SINCE_31, 'apiextensions.k8s.io', 'customresourcedefinitions', 'update', [
    ...crds(
      'gateway.networking.k8s.io',
      'backendlbpolicies backendtlspolicies gatewayclasses gateways grpcroutes httproutes referencegrants tcproutes tlsroutes udproutes listenersets',
    ),
    ...crds('gateway.networking.x-k8s.io', 'xbackendtrafficpolicies xmeshes'),
    ...crds(
      'gateway.envoyproxy.io',
      'backends backendtrafficpolicies clienttrafficpolicies envoyextensionpolicies envoypatchpolicies envoyproxies httproutefilters securitypolicies',
    ),
  ]),
  rule(ALWAYS, 'gateway.networking.k8s.io', 'gatewayclasses', 'create update delete list get watch'),
  rule(ALWAYS, 'gateway.envoyproxy.io', 'envoyproxies', 'create update delete list get watch'),
  rule(ALWAYS, 'batch', 'jobs', 'create list watch'),
  rule(ALWAYS, 'batch', 'jobs', 'update', ['tigera-gateway-api-gateway-helm-certgen']),
  rule(SINCE_32, 'kubevirt.io', 'virtualmachineinstancemigrations', 'get list watch'),
  rule(SINCE_32, 'autoscaling', 'horizontalpodautoscalers', 'create get list watch'),
  rule(SINCE_32, 'autoscaling', 'horizontalpodautoscalers', 'update', ['istiod']),
  rule(SINCE_32, 'migration.projectcalico.org', 'datastoremigrations', 'get list watch'),
  rule(UNTIL_31, 'apiextensions.k8s.io', 'customresourcedefinitions', 'update', [
    ...crds(
      'operator.tigera.io',
      'apiservers gatewayapis imagesets installations tigerastatuses whiskers goldmanes managementclusterconnections',
    ),
    ...crds(
      'crd.projectcalico.org',
      'bgpconfigurations bgpfilters bgppeers blockaffinities caliconodestatuses clusterinformations felixconfigurations globalnetworkpolicies stagedglobalnetworkpolicies globalnetworksets hostendpoints ipamblocks ipamconfigs ipamhandles ippools ipreservations kubecontrollersconfigurations networkpolicies stagednetworkpolicies stagedkubernetesnetworkpolicies networksets tiers',
    ),
  ]),
  rule(UNTIL_31, 'apiextensions.k8s.io', 'customresourcedefinitions', 'update delete', [
    ...crds('policy.networking.k8s.io', 'adminnetworkpolicies baselineadminnetworkpolicies'),
  ]),
  rule(
    ONLY_31,
    'operator.tigera.io',
    'apiservers apiservers/finalizers apiservers/status gatewayapis gatewayapis/finalizers goldmanes goldmanes/finalizers goldmanes/status imagesets installations installations/finalizers installations/status managementclusterconnections managementclusterconnections/finalizers managementclusterconnections/status tigerastatuses tigerastatuses/status tigerastatuses/finalizers whiskers whiskers/finalizers whiskers/status',
    'get list update patch watch',
  ),
  rule(UNTIL_31, 'crd.projectcalico.org', 'felixconfigurations ippools', 'create patch list get watch'),
  rule(
    UNTIL_31,
    'crd.projectcalico.org',
    'kubecontrollersconfigurations bgpconfigurations clusterinformations',
    'get list watch',
  ),
  rule(UNTIL_31, 'apiregistration.k8s.io', 'apiservices', 'list watch create update'),
  rule(
    UNTIL_31,
    'admissionregistration.k8s.io',
    'mutatingwebhookconfigurations',
    'create delete get list watch',
  ),
  rule(
    UNTIL_31,
    'projectcalico.org',
    'tier.networkpolicies tier.globalnetworkpolicies',
    'list watch get create update delete',
    ['allow-tigera.*'],
  ),
  rule(UNTIL_31, 'projectcalico.org', 'tiers', 'get delete update', ['allow-tigera']),
  rule(UNTIL_31, 'projectcalico.org', 'tiers', 'create list watch'),
  rule(
    ONLY_30,
    'operator.tigera.io',
    'apiservers apiservers/finalizers apiservers/status gatewayapis gatewayapis/finalizers gatewayapis/status goldmanes goldmanes/finalizers goldmanes/status imagesets installations installations/finalizers installations/status managementclusterconnections managementclusterconnections/finalizers managementclusterconnections/status tigerastatuses tigerastatuses/status tigerastatuses/finalizers whiskers whiskers/finalizers whiskers/status',
    'get list update patch watch',
  ),
  rule(ONLY_30, 'projectcalico.org', 'ipamconfigurations', 'get list watch'),
  rule(ONLY_30, 'apiextensions.k8s.io', 'customresourcedefinitions', 'update', [
    ...crds(
      'gateway.networking.k8s.io',
      'backendlbpolicies backendtlspolicies gatewayclasses gateways grpcroutes httproutes referencegrants tcproutes tlsroutes udproutes',
    ),
    ...crds('gateway.networking.x-k8s.io', 'xbackendtrafficpolicies xlistenersets'),
    ...crds(
      'gateway.envoyproxy.io',
      'backends backendtrafficpolicies clienttrafficpolicies envoyextensionpolicies envoypatchpolicies envoyproxies httproutefilters securitypolicies',
    ),
  ]),
];
