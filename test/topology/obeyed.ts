/** How the runner parses a line: see ActionCommand in actions/runner. */
export function obeyed(line: string): boolean {
  const invisible = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
  const compared = line.replace(invisible, '').trimStart();
  const second = /^::.*?::/s.test(compared);
  return second || /##\[[^\]]*\]/.test(compared);
}
