import { option, type Statement } from '../bird/printer.ts';
import type { Drained } from '../fabric/index.ts';

/** The file of a drained router that says so. BIRD does not read it: it includes `*.conf`. */
export const MARK = 'k3s/drained';

export const markFile = ({ since, by }: Drained): string => `${since} ${by}\n`;

/**
 * In the export filters of a drained router: everybody who has another route to the same pods prefers that one, and who has none keeps
 * this. LOCAL_PREF is what RFC 8326 section 4.2 asks for inside an AS; the community tells who looks at a route why,
 * and other ASes if somebody sends it on.
 */
export const LAST_CHOICE: readonly Statement[] = [
  option('bgp_local_pref = 0'),
  option('bgp_community.add((65535, 0))'),
];

/** RFC 6987: in OSPFv2 its links get the highest metric; in OSPFv3 it clears the R-bit, and nobody takes a way through it. */
export const STUB_ROUTER: Statement = option('stub router yes');
