# ---- forwarded: how many packets the kernel has passed on; reads and changes nothing

# forwarded: packets since boot that arrived from one machine and left for another, by family, and what each interface received and sent.
# Linux counts no use of a route. Those to and from the router itself, such as BGP's and this session's, are in the interfaces only.
forwarded() {
  arguments 0 "$#"
  say "protocol $version"
  # The first line has the names, the second the values.
  names=
  while read -r kind values; do
    if [ "$kind" != Ip: ]; then continue; fi
    if [ -z "$names" ]; then names=$values; continue; fi
    # shellcheck disable=SC2086
    set -- $values
    for one in $names; do
      if [ "$one" = ForwDatagrams ]; then say "forwarded ipv4 $1"; fi
      shift
    done
  done </proc/net/snmp
  if [ -r /proc/net/snmp6 ]; then
    while read -r kind value; do
      if [ "$kind" = Ip6OutForwDatagrams ]; then say "forwarded ipv6 $value"; fi
    done </proc/net/snmp6
  fi
  # Received: bytes, packets, errors, ...; sent from the ninth on.
  sed -nE '/^ *[^ :|]+:/{s/:/ /;p;}' /proc/net/dev | while read -r port _ received _ _ _ _ _ _ _ sent _; do
    if [ "$port" != lo ]; then say "interface $(printable "$port") $received $sent"; fi
  done
  say end
}
