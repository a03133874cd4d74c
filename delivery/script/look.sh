# ---- look: what BIRD and the kernel do with packets to pods; reads and changes nothing

# pool PREFIX: it goes into a command of BIRD's and one of ip's.
pool() {
  case $1 in
    *[!0-9a-f.:/]* | */*/* | /* | */ | .* | :/*) misuse "$1 is not a prefix" ;;
    */*) number "${1##*/}" 0 128 ;;
    *) misuse "$1 is not a prefix" ;;
  esac
}

# look POOL...: BIRD's routes from BGP in these pools, the kernel's, what BIRD's filters dropped, the interfaces with reverse path
# filtering, what WireGuard lets through, the time of day in seconds, and since when the state is that of the last delivery.
look() {
  if [ "$#" -lt 1 ] || [ "$#" -gt 64 ]; then misuse "look takes 1 to 64 pools, not $#"; fi
  for one; do pool "$one"; done
  say "protocol $version"
  say "clock $(date +%s)"
  # As everywhere, a folder that is a link may lead anywhere.
  noencap=$config/.noencap state=
  if [ ! -L "$noencap" ]; then read_state; fi
  case $state in "shipped "*) if since=$(stat -c %Y "$noencap/state" 2>/dev/null); then say "shipped $since"; fi ;; esac
  for one; do
    ask show route table all where source = RTS_BGP '&&' net '~' "[ $one+ ]"
    case $(last_line) in [89][0-9][0-9][0-9]*) lack bird "BIRD does not show its routes: $(last_line)" "Check what BIRD is busy with, and run it again." ;; esac
    printf '%s\n' "$reply" | sed '1d;s/^/bird /'
  done
  ask show protocols all
  printf '%s\n' "$reply" | sed -nE '1d;/^(....[- ]| )[^ ]|Channel |Import updates:/s/^/updates /p'
  kernel_routes "$@"
  for one in /proc/sys/net/ipv4/conf/*/rp_filter; do
    # A shell reads byte by byte, and the kernel gives such a file only one: there is no end of a line.
    value=
    { IFS= read -r value <"$one"; } 2>/dev/null || :
    one=${one%/rp_filter}
    case $value in [12]) say "rp_filter $(printable "${one##*/}") $value" ;; esac
  done
  allowed_ips
  say end
}

# kernel_routes POOL...: in every table, since an operator's BIRD may fill another one than the main table.
kernel_routes() {
  if ! command -v ip >/dev/null 2>&1; then say "no-kernel this router has no ip"; return 0; fi
  for one; do
    case $one in *:*) version_of=-6 ;; *) version_of=-4 ;; esac
    if said=$(timeout "$patience" ip "$version_of" route show table all root "$one" 2>&1 </dev/null); then
      [ -z "$said" ] || printf '%s\n' "$said" | sed 's/^/kernel /'
    else
      say "no-kernel $(one_line "$said")"
    fi
  done
}

# AllowedIPs by interface, without the peers' keys. It takes more rights than an account may have: then nothing is known of them.
allowed_ips() {
  if ! command -v wg >/dev/null 2>&1; then return 0; fi
  if said=$(timeout "$patience" wg show all allowed-ips 2>/dev/null </dev/null); then
    printf '%s\n' "$said" | sed -nE 's/^([^[:space:]]+)[[:space:]]+[A-Za-z0-9+/=]{44}[[:space:]]+(.*)$/wireguard \1 \2/p'
  fi
}
