/** Why work on a cluster stopped, and how to continue. */
export interface Halt {
  readonly because: 'refused' | 'environment' | 'expired' | 'interrupted';
  readonly message: string;
  /** The cluster's messages, one per line. */
  readonly details: readonly string[];
  readonly fix: string;
}

/** A command's output, one entry per line. */
export const linesOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');

export const isHalt = (value: object): value is Halt => 'because' in value;
