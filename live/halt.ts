/** Why work on a cluster stands still, and what sets it going again. */
export interface Halt {
  readonly because: 'refused' | 'environment' | 'expired' | 'interrupted';
  readonly says: string;
  /** What the cluster said, a line each. */
  readonly details: readonly string[];
  readonly mend: string;
}

/** What a command said, a line each. */
export const linesOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');

export const isHalt = (value: object): value is Halt => 'because' in value;
