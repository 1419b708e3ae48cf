import { ListCensus, selfInformationBits } from './list-census';

describe('selfInformationBits', () => {
  it('is a bit for each halving of the share', () => {
    // 7 + 1 of 16, 3 + 1, 1 + 1, 1 + 1 with one imagined watch each.
    expect([...selfInformationBits([7, 3, 1, 1])]).toEqual([1, 2, 3, 3]);
  });
});

describe('ListCensus', () => {
  it('counts the catalogue that lists reach, and the surprise of a place', () => {
    const census = new ListCensus(selfInformationBits([7, 3, 1, 1]));
    census.add([0, 1]);
    census.add([0, 2]);
    expect(census.coverage()).toBe(0.75);
    expect(census.novelty()).toBe((1 + 2 + 1 + 3) / 4);
  });

  it('has no novelty without a list', () => {
    const census = new ListCensus(selfInformationBits([1, 1]));
    expect(census.coverage()).toBe(0);
    expect(census.novelty()).toBeNaN();
  });
});
