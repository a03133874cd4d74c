/** The result of a benchmark, and its goal. */
export interface Result {
  readonly what: string;
  readonly got: number;
  readonly goal: number;
  readonly better: 'less' | 'more';
}

/** Prints a line for each. Exit 1 if a goal is missed. */
export function report(results: readonly Result[]): void {
  for (const { what, got, goal, better } of results) {
    const met = better === 'less' ? got <= goal : got >= goal;
    const limit = `goal: at ${better === 'less' ? 'most' : 'least'} ${goal}`;
    process.stdout.write(`${met ? 'ok    ' : 'MISSED'}  ${got.toFixed(2).padStart(8)}  ${what} (${limit})\n`);
    if (!met) process.exitCode = 1;
  }
}
