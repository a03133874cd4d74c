declare const NOENCAP_PACKAGED: boolean | undefined;

/** noencap as one types it: from a clone of it, or from the npm package, whose build defines the name. */
export const NOENCAP = typeof NOENCAP_PACKAGED === 'undefined' ? 'bin/noencap' : 'npx noencap';
