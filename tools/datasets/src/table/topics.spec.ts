import fc from 'fast-check';
import { BadCell, isNothing } from '../read/cells';
import { topicList } from './topics';

const topics = (text: string, separator = '|') => topicList('genres', text, separator);

describe('topics of a cell', () => {
  it.each([
    ['text with a separator', 'Comedy|Drama'],
    ['JSON', '["Comedy", "Drama"]'],
    ['Python, as pandas writes it', `['Comedy', 'Drama']`],
    ['Python 2', `[u'Comedy', u'Drama']`],
    ['a set of Python', `{'Comedy', 'Drama'}`],
    ['numpy', `['Comedy' 'Drama']`],
    ['numpy in lines', `['Comedy'\n 'Drama']`],
    ['Postgres', '{Comedy,Drama}'],
    ['no quotes', '[Comedy, Drama]'],
    ['objects of JSON', '[{"id":18,"name":"Comedy"},{"id":35,"name":"Drama"}]'],
    ['objects of Python', `[{'id': 18, 'name': 'Comedy'}, {'id': 35, 'name': 'Drama', 'of': None}]`],
    ['objects without a name', '[{"id":1,"title":"Comedy"},{"id":"Drama"}]'],
    ['what tells nothing beside them', '["Comedy", null, "", "Drama", "Comedy"]'],
    ['nothing of Python beside them', `['Comedy', None, nan, 'Drama']`],
  ])('are those of %s', (_, text) => expect(topics(text)).toEqual(['Comedy', 'Drama']));

  it.each([
    [`["Children's", 'Sci-Fi, Fantasy']`, ["Children's", 'Sci-Fi, Fantasy']],
    [`[Children's, Rock 'n' Roll]`, ["Children's", "Rock 'n' Roll"]],
    [`{"Science Fiction","a\\"b",Action (1990s)}`, ['Science Fiction', 'a"b', 'Action (1990s)']],
    ['[18, 35.0]', ['18', '35']],
    ['{"id":18,"name":"Drama"}', ['Drama']],
    ['[]', []],
    ['{}', []],
    ['[Comedy]|[Drama]', ['[Comedy]', '[Drama]']],
    ['[Comedy', ['[Comedy']],
  ])('of %s', (text, expected) => expect(topics(text)).toEqual(expected));

  it('are none where an element has no name, which is said', () => {
    for (const [text, element] of [
      ['[{"weight":1}]', '"{\\"weight\\":1}"'],
      [`['Comedy', {'name': None}]`, '"{\\"name\\":\\"None\\"}"'],
      ['[["Comedy"]]', '"[\\"Comedy\\"]"'],
      ['[true]', '"true"'],
    ])
      expect(() => topics(text)).toThrow(new BadCell(`genres has an element without name, title, id: ${element}`));
  });

  const name = fc
    .stringMatching(/^[ -~äß🎬]{1,20}$/u)
    .filter((text) => text === text.trim() && !isNothing(text) && !text.includes('|'));
  const pythonQuoted = (text: string) => {
    const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
    return `${mark}${text.replaceAll('\\', '\\\\').replaceAll(mark, `\\${mark}`)}${mark}`;
  };
  const postgresQuoted = (text: string) => (/[\s,"\\{}]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : text);

  it('are the same names, whatever is in them, of every kind of list', () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), (names) => {
        expect(topics(JSON.stringify(names))).toEqual(names);
        expect(topics(`[${names.map(pythonQuoted).join(', ')}]`)).toEqual(names);
        expect(topics(`[${names.map(pythonQuoted).join(' ')}]`)).toEqual(names);
        expect(topics(`[${names.map((one) => `{'id': 1, 'name': ${pythonQuoted(one)}}`).join(', ')}]`)).toEqual(names);
      }),
    );
  });

  it('are those that Postgres has, but for apostrophes and brackets', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          name.filter((text) => !/['[\]]/.test(text)),
          { minLength: 1, maxLength: 5 },
        ),
        (names) => expect(topics(`{${names.map(postgresQuoted).join(',')}}`)).toEqual(names),
      ),
    );
  });

  it('are found or refused in any text, however deep it goes', () => {
    const mark = fc.constantFrom('[', ']', '{', '}', "'", '"', ',', ':', '\\', ' ', 'a', 'u', '1');
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 40 }), (marks) => {
        try {
          for (const topic of topics(marks.join(''))) expect(topic).toBe(topic.trim());
        } catch (error) {
          expect(error).toBeInstanceOf(BadCell);
        }
      }),
    );
    expect(topics(`${'['.repeat(100_000)}a`.slice(-120))).toHaveLength(1);
    expect(() => topics('['.repeat(100_000))).toThrow(BadCell);
  });
});
