import type { Fabric } from '../fabric/index.ts';
import { NOENCAP } from '../topology/own-command.ts';

/** The commands that verdicts name, as one types them. */
export interface NextCommands {
  ship(router: string): string;
  /** Reads what ship would do there, and shows what somebody edited. */
  shipCheck(router: string): string;
  undrain(router: string): string;
  verifyAgain(router: string): string;
  /** With the operator's own account: that of `ship` may be restricted. */
  at(router: string, command: string): string;
  /** The pods of a node, calico-node among them. */
  calicoPods(node: string): string;
  bgpPeer(name: string): string;
}

export function nextCommands(fabric: Fabric): NextCommands {
  const hostOf = (router: string) => fabric.routers.find(({ name }) => name === router)?.ssh.host ?? router;
  return {
    ship: (router) => `${NOENCAP} ship ${router}`,
    shipCheck: (router) => `${NOENCAP} ship --check ${router}`,
    undrain: (router) => `${NOENCAP} undrain ${router}`,
    verifyAgain: (router) => `${NOENCAP} verify --router ${router} --wait 120`,
    at: (router, command) => `ssh ${hostOf(router)} ${command}`,
    calicoPods: (node) => `kubectl -n calico-system get pods -o wide --field-selector spec.nodeName=${node}`,
    bgpPeer: (name) => `kubectl get bgppeers ${name} -o yaml`,
  };
}

/** A command of BIRD's, for `at`: neither shell must take its words for its own. It has no quotes itself. */
export const birdc = (command: string): string =>
  /^[A-Za-z0-9_ ./:-]+$/.test(command) ? `birdc ${command}` : `"birdc '${command}'"`;
