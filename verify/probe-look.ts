import type { Family } from '../topology/address.ts';
import type { Read } from './cluster-look.ts';

/** What probe pods found out by packets: facts, or why they are unknown. All text is others' words. */
export interface ProbeLook {
  /** The kubeconfig's name for the cluster; undefined if no kubeconfig could be read. */
  readonly context: string | undefined;
  readonly server: string | undefined;
  readonly image: string;
  readonly probes: Read<readonly ProbeFacts[]>;
  /** What could not be removed afterwards. */
  readonly left: string | undefined;
}

/** What the pod on one node found. */
export interface ProbeFacts {
  readonly node: string;
  readonly region: string;
  readonly targets: Told<readonly TargetFacts[]>;
}

/** What one pod says, or why it says nothing. */
export type Told<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string; readonly evidence: readonly string[] };

export interface TargetFacts {
  /** The node that the target is on, or is. */
  readonly node: string;
  readonly family: Family;
  /** Undefined if there was none to send to. */
  readonly packets: Told<PacketFacts>;
}

export interface PacketFacts {
  readonly address: string;
  readonly sent: number;
  readonly received: number;
  /** Milliseconds. */
  readonly roundTrip: { readonly least: number; readonly mean: number; readonly most: number } | undefined;
  /** A second series, after a loss in the first. */
  readonly again: { readonly sent: number; readonly received: number } | undefined;
  /** Bytes: what the sender's interface carries, or what the sender has been told. */
  readonly limit: number | undefined;
  /** Bytes: the largest packet that came back without fragmentation of what was sent; undefined if it was not looked for. */
  readonly largest: number | undefined;
  /** Who said that a packet is too large, and what fits. */
  readonly told: { readonly by: string; readonly mtu: number; readonly said: string } | undefined;
  /** Who answered that a packet's life ends at this hop, of those that were lost. */
  readonly hops: readonly HopFacts[];
  /** The same of small packets, where only large ones are lost. */
  readonly way: readonly HopFacts[];
  /** Other errors that came back, word for word. */
  readonly errors: readonly ErrorFacts[];
  /** Whether the target's node answers where its pod does not; undefined if it was not asked. */
  readonly nodeAnswers: boolean | undefined;
}

export interface HopFacts {
  readonly life: number;
  readonly from: string;
  readonly isAnswer: boolean;
}

export interface ErrorFacts {
  readonly from: string;
  readonly said: string;
}
