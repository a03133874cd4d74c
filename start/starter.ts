/** The smallest network that shows every idea: one region, its router, a server and an agent on one LAN. */
export const STARTER = `# yaml-language-server: $schema=topology.schema.json
version: 1
name: home                        # of this network; appears in summaries

bgp:
  asNumber: 64512                 # private: 64512 to 65534
pods:
  cidrs: [10.42.0.0/16]           # one IPv4 and/or one IPv6 pool; K3s's own default
services:
  cidrs: [10.43.0.0/16]
calico:
  version: v3.32.1
k3s:
  version: v1.34.5+k3s1
gitops:
  engine: argocd                  # argocd | flux | both
  repoURL: https://github.com/example/home-fabric.git
  targetRevision: main

regions:                          # a region is a set of nodes that peer with the same router
  home: {router: gateway}

routers:                          # machines that run BIRD 2
  gateway: {routerId: 192.168.1.1, nodeAddress: 192.168.1.1}

nodes:                            # machines that run K3s
  kube-1: {region: home, role: server, address: 192.168.1.11}
  kube-2: {region: home, role: agent, address: 192.168.1.12}

underlay:                         # who shares a wire with whom, and how large packets may be there
  segments:
    lan: {cidr: 192.168.1.0/24, mtu: 1500, members: {gateway: 192.168.1.1, kube-1: 192.168.1.11, kube-2: 192.168.1.12}}

checks:                           # what \`noencap check\` finds and you accept, with the reason
  suppress:
    - {id: NE201, where: underlay.segments.lan, reason: one switch is all there is}
`;
