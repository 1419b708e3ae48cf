/** Whether callers saw no more of a fault than the ladder promises. */
import { percent } from '@watchnext/command-line';
import type { Dependency, EventFigures, FaultKind, FaultRow } from '@watchnext/end-to-end';

/** From the top; each serves without something that those before it have. */
const LADDER = ['full', 'retrieval-order', 'snapshot-popular', 'memory-popular'] as const;
type RungName = (typeof LADDER)[number];

/** Where lists stand while a dependency is bad. */
const EXPECTED: Readonly<Record<Dependency, RungName>> = {
  retrieval: 'snapshot-popular',
  ranking: 'retrieval-order',
  collector: 'full',
  'feature store': 'snapshot-popular',
  'event log': 'full',
  'snapshot store': 'full',
};

/** Lists may be as lucky as this: asked for just before the fault came, answered without it. */
const MOST_ABOVE = 0.05;
/** One of a hundred may be unlucky: a stage of its own was late on a machine that had other things to do. */
const MOST_BELOW = 0.01;
const MOST_RECOVERY_SECONDS = 5;
/** Who follows the event log tries it again after a second at most, joins a group of its own, and reads. */
const MOST_HEARD_SECONDS = 5;

/** @returns what is wrong with a row, in words; nothing where all is as it should be */
export function judgeFault(row: FaultRow): string[] {
  const wrong: string[] = [];
  if (row.failed > 0) wrong.push(`${row.failed} not answered with a list`);
  if (row.late > 0) wrong.push(`${row.late} late`);
  wrong.push(...wrongRungs(row.dependency, row.fault, row.rungs));
  if (row.events) wrong.push(...wrongEvents(row.fault, row.events));
  if (row.recoverySeconds === undefined) wrong.push('no recovery seen');
  else if (row.recoverySeconds > MOST_RECOVERY_SECONDS)
    wrong.push(`recovery after ${row.recoverySeconds.toFixed(1)} s, at most ${MOST_RECOVERY_SECONDS} s`);
  const { heardSeconds } = row;
  if (heardSeconds === null) wrong.push('followers of the log heard of nothing new');
  else if (heardSeconds !== undefined && heardSeconds > MOST_HEARD_SECONDS)
    wrong.push(`news over the log after ${heardSeconds.toFixed(1)} s, at most ${MOST_HEARD_SECONDS} s`);
  return wrong;
}

function wrongRungs(dependency: Dependency, fault: FaultKind, rungs: FaultRow['rungs']): string[] {
  const expected = EXPECTED[dependency];
  const place = LADDER.indexOf(expected);
  const shareOf = (names: readonly string[]) => names.reduce((sum, name) => sum + (rungs[name] ?? 0), 0);
  const above = shareOf(LADDER.slice(0, place));
  const below = shareOf(LADDER.slice(place + 1));
  const wrong: string[] = [];
  // Damaged bytes may pass: the answer is whole where none of its bytes was hit.
  if (fault !== 'corrupted' && above > MOST_ABOVE)
    wrong.push(`${percent(above)} above ${expected}: was it bad at all?`);
  if (below > MOST_BELOW) wrong.push(`${percent(below)} below ${expected}`);
  if (above + below + shareOf([expected]) === 0) wrong.push('no list while it was bad');
  return wrong;
}

/** What producers were told must be true, and in time; what they were told to send again must be taken in the end. */
function wrongEvents(fault: FaultKind, { late, unclear, lost, undelivered, told }: EventFigures): string[] {
  const wrong: string[] = [];
  if (late > 0) wrong.push(`${late} requests with events late`);
  // A bit turned around within a verdict is for TLS to find; the producer cannot read the answer, and sends again.
  if (fault !== 'corrupted' && unclear > 0)
    wrong.push(`${unclear} requests with events not told whether to send again`);
  if (lost > 0) wrong.push(`${lost} accepted events lost`);
  if (undelivered > 0) wrong.push(`${undelivered} events never accepted`);
  const accepted = told['accepted'] ?? 0;
  if (fault !== 'corrupted' && accepted > MOST_ABOVE)
    wrong.push(`${percent(accepted)} of requests with events accepted: was it bad at all?`);
  return wrong;
}
