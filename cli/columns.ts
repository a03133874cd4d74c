import { visible } from './colour.ts';

/** Rows as lines of text with aligned columns; what is behind the last word of a line is cut. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((row) => visible(row[column] ?? '')))) ?? [];
  return rows.map((row) =>
    row
      .map((text, column) => text + ' '.repeat((widths[column] ?? 0) - visible(text)))
      .join('  ')
      .trimEnd(),
  );
}
