import { type Experiment, experimentsFileSchema } from '@watchnext/experiments';
import type { Draft } from '../pipeline/draft';
import type { StageFailure } from '../pipeline/failure';
import { LADDER_STAGES } from '../pipeline/ladder';
import { assignStage } from './assign';

const NOW_MS = Date.UTC(2026, 10, 5);

const experimentFor = (name: string, audience: Partial<Experiment['audience']>) => ({
  ...{ name, audience, hypothesis: 'none', layer: name, salt: name },
  ...{ start: '2026-11-01T00:00:00Z', stop: '2026-12-01T00:00:00Z' },
  variants: [
    { name: 'control', share: 0.5 },
    { name: 'treatment', share: 0.5 },
  ],
});
const AUDIENCES = {
  everyone: {},
  phones: { devices: ['phone'] },
  newcomers: { maximumWatchCount: 5 },
  'logged-out': { loggedIn: false },
};
const file = experimentsFileSchema.parse({
  layers: Object.keys(AUDIENCES).map((name) => ({ name, salt: name })),
  experiments: Object.entries(AUDIENCES).map(([name, audience]) => experimentFor(name, audience)),
});

const stateFailure = {
  stage: LADDER_STAGES.state,
  category: 'dependency-unreachable',
  message: '',
  cause: undefined,
} satisfies StageFailure;

async function assignedTo(failures: readonly StageFailure[], watchCount: number): Promise<string[]> {
  const draft = {
    request: { userId: 'ada', requestedAtMs: NOW_MS, overrides: new Map() },
    context: { surface: 'home', country: '', device: 'phone', loggedIn: false },
    ...{ state: { watchCount }, warnings: [], failures },
  } as unknown as Draft;
  const { patch } = await assignStage(() => file).run(draft, undefined as never);
  return (patch as Pick<Draft, 'assignments'>).assignments.map(({ experiment }) => experiment.name);
}

describe('overrides of a request', () => {
  const halves = ['one', 'two'].map((name, index) => ({
    ...experimentFor(name, {}),
    layer: 'shared',
    layerPart: [index / 2, (index + 1) / 2],
    variants: [
      { name: 'control', share: 0.5 },
      { name: 'treatment', share: 0.5, serving: { channelCap: 3 + index } },
    ],
  }));
  const shared = experimentsFileSchema.parse({
    layers: ['shared', 'phones'].map((name) => ({ name, salt: name })),
    experiments: [...halves, experimentFor('phones', {})],
  });

  it('hold for the first of a layer, whose experiments exclude each other, with a warning of the others', async () => {
    const overrides = { phones: 'control', two: 'treatment', one: 'treatment' };
    const draft = {
      request: { userId: 'ada', requestedAtMs: NOW_MS, overrides: new Map(Object.entries(overrides)) },
      context: { surface: 'home', country: '', device: 'phone', loggedIn: false },
      ...{ state: { watchCount: 0 }, warnings: [], failures: [] },
    } as unknown as Draft;
    const { patch } = await assignStage(() => shared).run(draft, undefined as never);
    const { assignments, serving, warnings } = patch as Pick<Draft, 'assignments' | 'serving' | 'warnings'>;
    expect(assignments.map(({ experiment, variant }) => [experiment.name, variant.name])).toEqual([
      ['phones', 'control'],
      ['two', 'treatment'],
    ]);
    expect(serving).toEqual({ channelCap: 4 });
    expect(warnings).toEqual([
      'experiments of layer shared exclude each other, and two was chosen: the override of one was ignored',
    ]);
  });
});

describe('whom an experiment is for', () => {
  it('is told by the state', async () => {
    expect(await assignedTo([], 0)).toEqual(['everyone', 'phones', 'newcomers', 'logged-out']);
    expect(await assignedTo([], 6)).toEqual(['everyone', 'phones', 'logged-out']);
  });

  it('is not told by an empty one that stands in for a store that is away: everyone would be a newcomer', async () => {
    expect(await assignedTo([stateFailure], 0)).toEqual(['everyone', 'phones']);
  });
});
