import { LimitedLines } from './limited-lines';

it('says a line now and then, and how many it left out', () => {
  const said: string[] = [];
  let nowMs = 5;
  const lines = new LimitedLines(
    (line) => said.push(line),
    1_000,
    () => nowMs,
  );
  for (const atMs of [5, 6, 1_004, 1_005, 2_500]) {
    nowMs = atMs;
    lines.say(`at ${atMs}`);
  }
  expect(said).toEqual(['at 5\n', 'at 1005 (and 2 times more since the last such line)\n', 'at 2500\n']);
});
