/** Where BIRD's unit looks for more than its package says, as a path below a router's folder. */
export const DROP_IN = 'systemd/bird.service.d/noencap.conf';

/**
 * A drop-in for BIRD's unit, for root to put in place: at `systemctl restart`, and so at an upgrade of its package, BIRD leaves for a graceful
 * restart and comes back with `-R`, which BIRD_ARGS adds. At anything else it starts as usual: after a stop, a reboot or a crash there is
 * nothing to recover, and BIRD would wait for its peers with an empty kernel. systemd tells a restart from a stop only by its list of jobs.
 */
export function dropIn(): string {
  return `# Rendered by noencap from topology.yaml; edit that file instead.
# Packets flow while BIRD restarts (systemctl restart, an upgrade of its package). Root puts it in place: noencap's page "Restart or upgrade BIRD".
[Service]
EnvironmentFile=-/run/noencap-bird-restart
ExecStop=-/bin/sh -c 'if systemctl list-jobs --no-legend | grep -Eq "[[:space:]]%n[[:space:]]+restart[[:space:]]" && birdc graceful restart; then echo "BIRD_ARGS=$$BIRD_ARGS -R" >/run/noencap-bird-restart; while [ -e /proc/$$MAINPID/exe ]; do sleep 0.1; done; fi'
ExecStartPost=-/bin/rm -f /run/noencap-bird-restart
`;
}
