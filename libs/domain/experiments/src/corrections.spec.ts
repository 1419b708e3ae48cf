import { holm } from './corrections';

describe('Holm’s correction', () => {
  it('multiplies the least by their number, the next by one less, and never lets them fall', () => {
    expect(holm([0.04, 0.01, 0.03])).toEqual([0.06, 0.03, 0.06]);
    expect(holm([0.5, 0.6])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });
});
