/**
 * The kernel settings of a node, the field report's five. A node routes between its own pods and the rest, and its
 * pods' packets arrive on whichever interface BGP chose at the other end.
 */
export const sysctlConf = `# Rendered by noencap from the topology; a change here is lost.
# ip_forward stands first: when it changes, the kernel puts the other settings of all interfaces back to the defaults
# of a host or a router (Documentation/networking/ip-sysctl.rst).
net.ipv4.ip_forward = 1
# A host that forwards IPv6 no longer takes its default route from router advertisements, unless the kernel's
# accept_ra is 2 on that interface or systemd-networkd or NetworkManager handles them.
net.ipv6.conf.default.forwarding = 1
net.ipv6.conf.all.forwarding = 1
# Ways there and back may differ with several reflectors. The kernel takes the larger of all's and the interface's
# own value, so an interface that something else made strict (1) stays strict; install.sh warns of it.
net.ipv4.conf.default.rp_filter = 0
net.ipv4.conf.all.rp_filter = 0
`;
