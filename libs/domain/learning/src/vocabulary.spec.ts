import { Vocabulary } from './vocabulary';

describe('Vocabulary', () => {
  it('keeps the ids counted most often, ties in order of the id, and numbers them from 1', () => {
    const counts = new Map([
      ['rare', 1],
      ['b', 5],
      ['a', 5],
      ['top', 9],
      ['never', 0],
      ['', 100],
    ]);
    const vocabulary = Vocabulary.build(counts, 3);
    expect(vocabulary.ids).toEqual(['top', 'a', 'b']);
    expect(['top', 'a', 'b', 'rare', 'never', '', 'unheard'].map((id) => vocabulary.indexOf(id))).toEqual([
      1, 2, 3, 0, 0, 0, 0,
    ]);
    expect(vocabulary.rowCount).toBe(4);
  });

  it('maps indices back to ids, but not the one that stands for all others', () => {
    const vocabulary = Vocabulary.fromIds(['x', 'y']);
    expect(vocabulary.idAt(2)).toBe('y');
    expect(() => vocabulary.idAt(0)).toThrow(RangeError);
    expect(() => vocabulary.idAt(3)).toThrow(RangeError);
  });

  it('refuses ids that are empty or there twice', () => {
    expect(() => Vocabulary.fromIds(['x', 'x'])).toThrow('twice');
    expect(() => Vocabulary.fromIds([''])).toThrow('empty');
  });
});
