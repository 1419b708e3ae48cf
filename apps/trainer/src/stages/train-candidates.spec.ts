import { candidatesBeganWith, oddAges } from './train-candidates';

describe('what is logged of how the candidate model began', () => {
  const taken = { copiedVideos: 60, newVideos: 3, copiedRows: 75, towerCopied: true };

  it.each([
    ['nothing: there is no snapshot yet', 'there is no snapshot yet', undefined],
    ['s1: 60 videos kept, 3 new, tower kept', 's1', taken],
    ['s1: 60 videos kept, 3 new, tower anew', 's1', { ...taken, towerCopied: false }],
    // Other dimensions of videos: the rows of countries fit still.
    [
      's1: 0 videos kept, 63 new, tower anew',
      's1',
      { copiedVideos: 0, newVideos: 63, copiedRows: 4, towerCopied: false },
    ],
    [
      'nothing: no table and no layer is as in s1',
      's1',
      { copiedVideos: 0, newVideos: 63, copiedRows: 0, towerCopied: false },
    ],
  ])('is "%s"', (said, origin, report) => {
    expect(candidatesBeganWith(origin, report)).toBe(said);
  });
});

describe('what is logged of odd ages', () => {
  const ages = { days: 61.25, beyondCount: 0, oldestDays: 61.25 };
  const old = { ...ages, beyondCount: 2, oldestDays: 20_000 };

  it('is what is older than the window, and the age at which the model is asked', () => {
    expect(oddAges(old)).toBe('the window is 61.3 days; 2 examples are older, up to 20000 days');
    expect(oddAges({ ...ages, leastDays: 30 })).toMatch(/^hardly a watch is younger than 30.0 days: /);
    expect(oddAges({ ...old, leastDays: 30 })).toMatch(/20000 days; hardly a watch /);
  });
});
