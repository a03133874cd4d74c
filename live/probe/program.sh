# What a probe pod runs: LABEL FAMILY ADDRESS COMPARISON for each target, one after the other. It says what ping(8) says, in parts; who reads
# it must trust none of it. Needs the ping of iputils, which alone has -M, and a shell; no capability, and no file system but /tmp.
set -u
export LC_ALL=C

# A program whose file has capabilities that the pod may not have does not start: a copy of the file has none.
cp "$(command -v ping)" /tmp/ping 2>/tmp/error || { echo "! no-ping $(head -n 1 /tmp/error)"; exit 0; }
/tmp/ping -V >/tmp/version 2>&1
grep -q iputils /tmp/version || { echo "! not-iputils $(head -n 1 /tmp/version)"; exit 0; }

# What the kernel has learned of a path does not count with `probe`, which an older ping does not have; that one says what it has learned.
discovery=probe
if /tmp/ping -M probe -c 1 -W 1 127.0.0.1 2>&1 | grep -q 'invalid -M'; then discovery=do; fi

# How many targets at a time.
WIDTH=${WIDTH:-8}
HOPS='1 2 3 4 5 6 7 8 9 10 11 12'

ping() { LC_ALL=C /tmp/ping -n "$@" 2>&1; }
# A packet of so many bytes that must not be fragmented.
sized() { size=$1; shift; ping -M "$discovery" -s $((size - headers)) "$@"; }
# Whether one comes back. Three times: a link may lose one.
fits() { for _ in 1 2 3; do sized "$1" -c 1 -W 1 "$address" >/dev/null && return; done; return 1; }
# Whether the kernel refuses to send one, which the interface does not carry.
refused() { sized "$1" -c 1 -W 1 "$address" | grep -q 'essage too long'; }
# What a router says that the next packet may have, or this kernel.
told() { sed -n 's/.*mtu *[=:] *\([0-9]\{2,5\}\).*/\1/p' "$1" | tail -n 1; }

# One packet for each hop, with a life that ends there: who has it, says so.
hops() {
  part=$1
  shift
  for life in $HOPS; do
    { "$@" -t "$life" -c 2 -i 0.3 -W 1 "$address" >"$own.hop$life"; } &
  done
  wait
  for life in $HOPS; do
    echo "= $part $life"
    sed -n '/^From /p; /bytes from /p' "$own.hop$life" | head -n 1
  done
}

# The largest that comes back, between one that does and one that does not.
search() {
  low=$1 high=$2
  while [ $((high - low)) -gt 1 ]; do
    middle=$(((low + high) / 2))
    if fits $middle; then low=$middle; else high=$middle; fi
  done
  echo $low
}

# What the interface carries: an older ping says it, a newer one only that a packet is too long.
interface() {
  sized 65028 -c 1 -W 1 "$address" >"$own.limit"
  told "$own.limit" | grep . && return
  grep -q 'essage too long' "$own.limit" && [ "$discovery" = probe ] || return
  low=$((headers + 56)) high=65028
  for common in 1501 9001; do
    if refused $common; then high=$common && break; else low=$common; fi
  done
  while [ $((high - low)) -gt 1 ]; do
    middle=$(((low + high) / 2))
    if refused $middle; then high=$middle; else low=$middle; fi
  done
  echo $low
}

target() {
  own=$1 label=$2 family=$3 address=$4 comparison=$5
  headers=28
  [ "$family" = ipv6 ] && headers=48
  echo "@ $label $family $address"
  echo '= few'
  ping -c 10 -i 0.2 -W 2 "$address" >"$own.few"
  cat "$own.few"
  if ! grep -q 'bytes from ' "$own.few"; then
    hops hop ping
    [ "$comparison" = - ] && return
    echo '= comparison'
    ping -c 3 -i 0.2 -W 2 "$comparison"
    return
  fi
  if ! grep -q ' 0% packet loss' "$own.few"; then
    echo '= many'
    ping -q -c 50 -i 0.2 -W 2 "$address"
  fi
  limit=$(interface)
  [ -n "$limit" ] || return
  echo "= limit $limit"
  echo '= full'
  sized "$limit" -c 3 -i 0.3 -W 1 "$address" >"$own.full"
  cat "$own.full"
  grep -q 'bytes from ' "$own.full" && { echo "= largest $limit"; return; }
  high=$limit
  # Each router on the way may know a smaller one; the last that is told fits.
  for _ in 1 2 3 4; do
    next=$(told "$own.full")
    [ -n "$next" ] && [ "$next" -lt "$high" ] || break
    high=$next
    sized "$high" -c 3 -i 0.3 -W 1 "$address" >"$own.full"
    cat "$own.full"
    grep -q 'bytes from ' "$own.full" && { echo "= largest $high"; return; }
  done
  low=$(search $((headers + 56)) "$high")
  echo "= largest $low"
  hops hop sized $((low + 1))
  # And who does say so, where packets are small enough.
  hops way ping
}

running=0
number=0
while [ $# -ge 4 ]; do
  number=$((number + 1))
  (target "/tmp/target$number" "$1" "$2" "$3" "$4") >"/tmp/said$number" &
  shift 4
  running=$((running + 1))
  if [ $running -eq "$WIDTH" ] || [ $# -lt 4 ]; then
    wait
    while [ $running -gt 0 ]; do
      cat "/tmp/said$((number - running + 1))"
      running=$((running - 1))
    done
  fi
done
echo '@ end'
