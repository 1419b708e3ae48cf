import { inspect } from 'node:util';
import { z } from 'zod';

/** A value that no log, message or JSON shows; `reveal()` where it is used. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** An optional setting that must not be printed. */
export const secret = () =>
  z
    .string()
    .transform((text) => new Secret(text))
    .optional();
