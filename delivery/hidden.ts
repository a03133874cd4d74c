/**
 * A text that is never shown by accident: whatever prints this, as text, as JSON or for a person who debugs, prints
 * `[hidden]`. Only who asks for the text gets it.
 */
export class Hidden {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  /** What console.log and error messages of node:assert show. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return SHOWN;
  }
}

const SHOWN = '[hidden]';
