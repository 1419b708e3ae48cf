/** What moves a cursor, colours, or turns the order of what stands beside it: control characters, separators of lines, and marks of direction. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** One line for a terminal of what others have written: `\u001b` stands for an escape. In a line of JSON it says the same as before. */
export const printable = (text: string): string =>
  text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The JSON of what others have written, for a terminal as for a program: what it leaves as it is in strings is escaped as well. */
export const printableJson = (value: unknown, indent = 0): string =>
  JSON.stringify(value, null, indent).split('\n').map(printable).join('\n');
