/**
 * A text that is never shown by accident: whatever prints this, as text, as JSON or in a debugger, prints
 * `[hidden]`. Only `reveal` returns the text.
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

  /** What console.log and the error messages of node:assert show. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return SHOWN;
  }
}

const SHOWN = '[hidden]';
