import { slowBlas } from './peer';

describe("the peer's BLAS", () => {
  it('is told of, with the remedy, where it is the reference one', () => {
    expect(slowBlas(2.4)).toMatch(/reference BLAS.*libopenblas0/);
    expect(slowBlas(48)).toBeUndefined();
  });
});
