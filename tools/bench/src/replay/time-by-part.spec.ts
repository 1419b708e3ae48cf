import { partsOf } from './time-by-part';

const node = (id: number, functionName: string, url = '') => ({
  id,
  callFrame: { functionName, url, scriptId: '0', lineNumber: 0, columnNumber: 0 },
});

it('gives each sample to the part that its function stands in, most first', () => {
  const features = 'file:///repository/libs/domain/features/dist';
  const nodes = [
    node(1, '(garbage collector)'),
    node(2, 'cellAt', `${features}/daily-counts.js`),
    node(3, 'hash53', `${features}/hash.js`),
    node(4, 'run', `${features}/replay.js`),
    node(5, 'text', 'file:///repository/libs/platform/offline/dist/wire-cursor.js'),
    node(6, 'add', 'file:///repository/libs/platform/offline/dist/examples/columns.js'),
    node(7, 'utf8Slice'),
    node(8, 'somewhere', 'node:internal/timers'),
  ];
  const samples = [1, 2, 3, 4, 5, 6, 7, 8, 2];
  const timeDeltas = [5_000, 4_000, 3_000, 2_500, 1_000, 900, 500, 100, 6_000];
  expect(partsOf({ nodes, startTime: 0, endTime: 0, samples, timeDeltas })).toEqual([
    { part: 'counts by key and day', seconds: 0.01 },
    { part: 'garbage collection', seconds: 0.005 },
    { part: 'folding', seconds: 0.003 },
    { part: 'labels, histories, order', seconds: 0.0025 },
    { part: 'decoding', seconds: 0.0015 },
    { part: 'examples into columns, facts', seconds: 0.0009 },
    { part: 'other', seconds: 0.0001 },
  ]);
});
