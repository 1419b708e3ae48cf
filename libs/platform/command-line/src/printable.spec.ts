import { printable } from './printable';

describe('what others have written', () => {
  it('is shown as it is where it has letters of any script', () => {
    const text = 'zoë 😀 👩‍👩‍👧 \\ "x" – שלום';
    expect(printable(text)).toBe(text);
  });

  it('commands no terminal, and breaks no line', () => {
    const text = 'a\u001b[2J\u009b1m\r\n\u202eb\u2028c\u007f';
    expect(printable(text)).toBe('a\\u001b[2J\\u009b1m\\u000d\\u000a\\u202eb\\u2028c\\u007f');
  });

  it('says the same in a line of JSON', () => {
    const value = { error: 'a\u001b[2J\u009b1m\n\u202e"\\u009b' };
    const line = printable(JSON.stringify(value));
    expect(line).not.toContain('\u009b');
    expect(JSON.parse(line)).toEqual(value);
  });
});
