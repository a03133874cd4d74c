import type { Family } from '../../topology/address.ts';

/** A node to send from, and to. */
export interface ProbeNode {
  readonly name: string;
  readonly region: string;
  /** The node's own. */
  readonly addresses: Readonly<Partial<Record<Family, string>>>;
}

export interface ToProbe {
  readonly context: string | undefined;
  readonly image: string;
  /** Of each region those first that are preferred; of which as many are taken as are there and Ready, up to `perRegion`. */
  readonly nodes: readonly ProbeNode[];
  readonly perRegion: number;
  readonly families: readonly Family[];
  readonly stop: AbortSignal;
  readonly patience?: ProbePatience;
  /** What is being done. */
  readonly say: (what: string) => void;
}

/** Milliseconds. */
export interface ProbePatience {
  /** Between two looks at the pods. */
  readonly look: number;
  /** Until a pod runs: its image may have to be fetched over a thin link. */
  readonly start: number;
  /** Until a namespace or a pod is gone. */
  readonly gone: number;
}
