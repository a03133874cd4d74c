declare const NOENCAP_PACKAGED: boolean | undefined;

/** Whether this is the package, whose build defines the name, and not a clone of noencap. */
export const isPackaged = typeof NOENCAP_PACKAGED !== 'undefined';
