import { printable, printableJson } from './printable';

describe('what others have written', () => {
  it('is shown as it is where it has letters of any script', () => {
    const text = 'zoë 😀 👩‍👩‍👧 \\ "x" – שלום';
    expect(printable(text)).toBe(text);
  });

  it('commands no terminal, and breaks no line', () => {
    const text = 'a\u001b[2J\u009b1m\r\n\u202eb\u2028c\u007f';
    expect(printable(text)).toBe('a\\u001b[2J\\u009b1m\\u000d\\u000a\\u202eb\\u2028c\\u007f');
  });

  it.each([0, 2])('says the same as JSON, indented by %s', (indent) => {
    const value = { error: 'a\u001b[2J\u009b1m\n\u202e"\\u009b' };
    const json = printableJson(value, indent);
    expect(json).not.toMatch(/[\u001b\u009b\u202e]/);
    expect(json.split('\n')).toHaveLength(indent === 0 ? 1 : 3);
    expect(JSON.parse(json)).toEqual(value);
  });
});
