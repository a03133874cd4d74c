/**
 * BIRD's own error, `k3s/ibgp.conf:12:3 syntax error`, with the lines around it and a caret. BIRD
 * counts a tab as one column. Without the file (it may be the operator's own) only the error is shown.
 */
export function explainBirdError(complaint: string, files: ReadonlyMap<string, string>): string {
  const [, path = '', row = '', column = ''] = /^(.+?):(\d+):(\d+) /.exec(complaint) ?? [];
  const lines = files.get(path)?.split('\n');
  const at = Number(row) - 1;
  if (lines?.[at] === undefined) return complaint;
  const from = Math.max(0, at - 1);
  const shown = lines.slice(from, at + 2);
  const width = String(from + shown.length).length;
  const numbered = shown.map((line, index) =>
    `  ${String(from + index + 1).padStart(width)} | ${line}`.trimEnd(),
  );
  const before = (lines[at] ?? '').slice(0, Math.max(0, Number(column) - 1)).replace(/[^\t]/g, ' ');
  numbered.splice(at - from + 1, 0, `  ${' '.repeat(width)} | ${before}^`);
  return [complaint, ...numbered].join('\n');
}
