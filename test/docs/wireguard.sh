#!/bin/sh
# Two sites over WireGuard, each a router with a node behind it that has a pod. Arguments: what A lets B have (AllowedIPs), and B A. Prints
# whether the routers' BGP session, its route, a packet between nodes, one between pods, and OSPF get through. Expects namespaces of its own:
# unshare --mount --net --pid --fork --kill-child --mount-proc.
set -eu
umask 077
allowed_a=$1 allowed_b=$2
work=$(mktemp -d)
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/wireguard
trap 'rm -rf "$work"' EXIT

for site in a b; do
  ip netns add "r$site"
  ip netns add "n$site"
  ip -n "r$site" link set lo up
  ip -n "n$site" link set lo up
  ip netns exec "r$site" sysctl -qw net.ipv4.ip_forward=1
done
# The internet between the routers, and a LAN at each.
ip -n ra link add wan type veth peer name wan netns rb
ip -n ra addr add 203.0.113.1/30 dev wan
ip -n rb addr add 203.0.113.2/30 dev wan
number=1
for site in a b; do
  ip -n "r$site" link set wan up
  ip -n "r$site" link add lan type veth peer name lan netns "n$site"
  ip -n "r$site" addr add "192.168.$number.1/24" dev lan
  ip -n "n$site" addr add "192.168.$number.11/24" dev lan
  ip -n "n$site" addr add "10.42.$number.2/32" dev lo
  ip -n "r$site" link set lan up
  ip -n "n$site" link set lan up
  ip -n "n$site" route add default via "192.168.$number.1"
  ip -n "r$site" route add "10.42.$number.0/26" via "192.168.$number.11"
  wg genkey >"$work/$site.key"
  wg pubkey <"$work/$site.key" >"$work/$site.pub"
  number=$((number + 1))
done
for site in a b; do
  ip netns exec "r$site" env LOG_LEVEL=error wireguard-go -f "wg-$site" >"$work/$site.log" 2>&1 &
done
for site in a b; do
  for _ in $(seq 100); do [ -S "/run/wireguard/wg-$site.sock" ] && break; sleep 0.1; done
done
wg set wg-a listen-port 51820 private-key "$work/a.key" peer "$(cat "$work/b.pub")" endpoint 203.0.113.2:51820 allowed-ips "$allowed_a"
wg set wg-b listen-port 51820 private-key "$work/b.key" peer "$(cat "$work/a.pub")" endpoint 203.0.113.1:51820 allowed-ips "$allowed_b"
number=1
for site in a b; do
  other=$((3 - number))
  ip -n "r$site" addr add "10.255.0.$number/30" dev "wg-$site"
  ip -n "r$site" link set "wg-$site" mtu 1420 up
  # What wg-quick would add for AllowedIPs: without OSPF nothing else leads to the other LAN.
  ip -n "r$site" route add "192.168.$other.0/24" dev "wg-$site"
  cat >"$work/$site.conf" <<CONF
router id 10.255.0.$number;
protocol device {}
protocol kernel { ipv4 { export all; }; }
protocol static { ipv4; route 10.42.$number.0/26 via 192.168.$number.11; }
protocol ospf v2 underlay { ipv4; area 0 { interface "wg-$site" { type ptp; hello 1; dead 4; }; }; }
protocol bgp peer {
  local 10.255.0.$number as 64512; neighbor 10.255.0.$other as 64512; direct; connect retry time 1;
  ipv4 { import all; export where source = RTS_STATIC; next hop self; };
}
CONF
  ip netns exec "r$site" bird -c "$work/$site.conf" -s "$work/$site.ctl" -P "$work/$site.pid"
  number=$other
done

# Whether a line of BIRD's answer comes within its time, which is a limit and not a measure.
within() {
  for _ in $(seq "$1"); do
    if birdc -s "$work/a.ctl" "$2" | grep -q "$3"; then echo yes; return; fi
    sleep 0.5
  done
  echo no
}
ping_from() {
  for _ in $(seq 8); do
    if ip netns exec na ping -q -c 1 -W 1 -I "$1" "$2" >/dev/null 2>&1; then echo yes; return; fi
  done
  echo no
}
echo "BGP $(within 60 'show protocols peer' Established)"
echo "route $(within 60 'show route for 10.42.2.2' 10.42.2.0/26)"
echo "node to node $(ping_from 192.168.1.11 192.168.2.11)"
echo "pod to pod $(ping_from 10.42.1.2 10.42.2.2)"
echo "OSPF $(within 40 'show ospf neighbors' Full)"
