import { z } from 'zod';

/** What the router's script refuses for: the word after `code` in its answer. */
export const SCRIPT_FAULTS = [
  /** Another delivery runs there. */
  'lock',
  /** What the account may not do. */
  'rights',
  /** The folder of BIRD's configuration: no space, links, files that cannot be written. */
  'folder',
  /** Another machine than the router that is meant. */
  'identity',
  /** BIRD does not answer, or is busy. */
  'bird',
  /** BIRD rejects a configuration. */
  'configuration',
  /** BIRD's main file does not include what is delivered. */
  'main-file',
  /** The step does not follow from where the last delivery ended, or somebody else reconfigured BIRD. */
  'state',
  /** Files that noencap has not shipped. */
  'drift',
  'upload',
  /** Programs that the script needs. */
  'tools',
  'usage',
] as const;

/** What else keeps a router from having the change, in the order of a delivery. */
const OTHER_FAULTS = [
  'ssh',
  /** The answer is not the script's. */
  'answer',
  /** An earlier wave's router does not have the change yet, or the cluster must have it first. */
  'order',
  /** What the gate found once BIRD ran the change. */
  'gate',
  'interrupted',
  /** BIRD drops routes whose next hop it does not resolve, whatever is delivered. */
  'unresolved',
] as const;

export const routerFault = z.strictObject({
  code: z.enum([...SCRIPT_FAULTS, ...OTHER_FAULTS]),
  message: z.string(),
  fix: z.string(),
});

/** Why a router does not have the change, and the fix. */
export type RouterFault = Readonly<z.infer<typeof routerFault>>;

/** A failure without what only its finder needs. */
export const asFault = ({ code, message, fix }: RouterFault): RouterFault => ({ code, message, fix });

/** One line for the steps of a delivery: both halves. */
export const faultText = ({ message, fix }: RouterFault): string =>
  `${message}${/[.!?]$/.test(message) ? '' : '.'} ${fix}`;
