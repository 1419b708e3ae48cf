import { checkExperiments } from '../src/validate';

type Json = Record<string, unknown>;

/** A valid experiment as its file has it. */
export const experimentJson = (overrides: Json = {}): Json => ({
  name: 'first',
  hypothesis: 'Something gets better.',
  layer: 'ranking',
  salt: 'november',
  start: '2026-11-01T00:00:00Z',
  stop: '2026-12-01T00:00:00Z',
  variants: [
    { name: 'control', share: 0.5 },
    { name: 'treatment', share: 0.5, serving: { channelCap: 3 } },
  ],
  ...overrides,
});

export const fileJson = (...experiments: Json[]): Json => ({
  layers: [
    { name: 'ranking', salt: 'a' },
    { name: 'blending', salt: 'b' },
  ],
  experiments,
});

export const fileOf = (...experiments: Json[]) => checkExperiments(fileJson(...experiments));
export const experimentOf = (overrides: Json = {}) => fileOf(experimentJson(overrides)).experiments[0];

export const DURING_MS = Date.UTC(2026, 10, 10);
export const FACTS = { surface: 'home', country: 'SE', device: 'tv', loggedIn: true, watchCount: 10 };
export const userIds = (count: number) => Array.from({ length: count }, (_, index) => `viewer-${index}`);
