#!/bin/sh
# The two sites of docs/first-hour.md: WireGuard as $2 configures it on gateway-1, and as $3 on gateway-2 (the page's files, with KEY-OF-A and
# KEY-OF-B where public keys are), and BIRD as noencap renders it in $1. A node of each site peers with its router and has a pod. Prints what is up.
# Expects namespaces of its own: unshare --mount --net --pid --fork --kill-child --mount-proc.
set -eu
umask 077
routers=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/wireguard
mount -t tmpfs tmpfs /etc/wireguard
export WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go LOG_LEVEL=error

for number in 1 2; do
  ip netns add "r$number"
  ip netns add "n$number"
  for space in "r$number" "n$number"; do ip -n "$space" link set lo up; done
  ip netns exec "r$number" sysctl -qp "$routers/gateway-$number/sysctl.d/90-noencap.conf" >/dev/null
  wg genkey >"$work/$number.key"
  wg pubkey <"$work/$number.key" >"$work/$number.pub"
done
ip -n r1 link add wan type veth peer name wan netns r2
for number in 1 2; do
  ip -n "r$number" addr add "203.0.113.$number/30" dev wan
  ip -n "r$number" link set wan up
  ip -n "r$number" link add lan type veth peer name lan netns "n$number"
  ip -n "r$number" addr add "10.10.$number.1/24" dev lan
  ip -n "n$number" addr add "10.10.$number.11/24" dev lan
  ip -n "n$number" addr add "10.42.$number.2/32" dev lo
  ip -n "r$number" link set lan up
  ip -n "n$number" link set lan up
  ip -n "n$number" route add default via "10.10.$number.1"
done

# One name of an interface on both, as on two machines: each has its own sockets and its own /etc/wireguard.
for number in 1 2; do
  conf=$2
  mkdir "$work/etc-$number" "$work/run-$number"
  cp "$work/$number.key" "$work/etc-$number/wg-1-2.key"
  sed "s|KEY-OF-A|$(cat "$work/1.pub")|; s|KEY-OF-B|$(cat "$work/2.pub")|" "$conf" >"$work/etc-$number/wg-1-2.conf"
  ip netns exec "r$number" unshare --mount sh -c "mount --bind $work/etc-$number /etc/wireguard && mount --bind $work/run-$number /run/wireguard && exec wg-quick up wg-1-2" >"$work/wg-$number.log" 2>&1 || { cat "$work/wg-$number.log" >&2; exit 1; }
  shift
done

for number in 1 2; do
  ip netns exec "r$number" bird -c "$routers/gateway-$number/bird.conf" -s "$work/r$number.ctl" -P "$work/r$number.pid"
  cat >"$work/n$number.conf" <<CONF
router id 10.10.$number.11;
protocol device {}
protocol kernel { merge paths on; ipv4 { export where source = RTS_BGP; }; }
protocol static { ipv4; route 10.42.$number.0/26 blackhole; }
protocol bgp upstream {
  local 10.10.$number.11 as 64512; neighbor 10.10.$number.1 as 64512; direct; connect retry time 1;
  ipv4 { import all; export where source = RTS_STATIC; };
}
CONF
  ip netns exec "n$number" bird -c "$work/n$number.conf" -s "$work/n$number.ctl" -P "$work/n$number.pid"
done

# Whether a line of BIRD's answer comes within two minutes, which is a limit and not a measure.
within() {
  for _ in $(seq 240); do
    if birdc -s "$work/$1.ctl" "$2" | grep -q "$3"; then echo yes; return; fi
    sleep 0.5
  done
  echo no
}
ping_from() {
  for _ in $(seq 20); do
    if ip netns exec n1 ping -q -c 1 -W 1 -I "$1" "$2" >/dev/null 2>&1; then echo yes; return; fi
  done
  echo no
}
echo "OSPF $(within r1 'show ospf neighbors' Full)"
echo "backbone $(within r1 'show protocols' 'backbone.*Established')"
echo "reflector $(within r2 'show protocols' 'k3s_kube_2a.*Established')"
echo "route of the other site's pods $(within n1 'show route' 10.42.2.0/26)"
echo "node to node $(ping_from 10.10.1.11 10.10.2.11)"
echo "pod to pod $(ping_from 10.42.1.2 10.42.2.2)"
