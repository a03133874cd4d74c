/** The fields of an object whose shape nobody has checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** No fields for what is no object. */
export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

/** The object that a text is in JSON; undefined if it is none. */
export function fieldsIn(json: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A text that is not empty: Go writes an unset one as ''. */
export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

export const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

export const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const texts = (value: unknown): string[] => items(value).flatMap((one) => text(one) ?? []);

/** Those of a map whose values are text. */
export const textMap = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(fieldsOf(value)).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );

/** Every field but these that is set, as JSON. */
export const othersThan = (value: Fields, known: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(value)
      .filter(([name, one]) => !known.includes(name) && one !== undefined && one !== null && one !== '')
      .map(([name, one]) => [name, JSON.stringify(one)]),
  );
