/** What kind of fault: stable, in kebab-case, and the name of its example in test/topology/errors. */
export type FaultCode = string;
