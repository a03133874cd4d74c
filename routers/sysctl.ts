/** The kernel settings of a router: `sysctl.d/90-noencap.conf`. */
export function sysctlFile(): string {
  return `# Rendered by noencap from topology.yaml; edit that file instead.
# A router forwards.
net.ipv4.ip_forward = 1
net.ipv6.conf.default.forwarding = 1
net.ipv6.conf.all.forwarding = 1
# Equal paths make a flow's two directions differ; strict reverse path filtering would drop one of them. The kernel
# uses the larger of "all" and the interface's own value, so both are off.
net.ipv4.conf.default.rp_filter = 0
net.ipv4.conf.all.rp_filter = 0
`;
}
