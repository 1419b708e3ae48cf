import type { Finding, Verdict } from './finding';

const MARKS: Readonly<Record<Verdict, string>> = { ok: 'ok     ', warning: 'WARNING', failure: 'FAILURE' };

/** A line for each check, and under it what to do. */
export function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings
    .flatMap(({ check, verdict, found, advice }) => [
      `${MARKS[verdict]}  ${check.padEnd(width)}  ${found}`,
      ...(advice === '' ? [] : advice.split('\n').map((line) => `${' '.repeat(MARKS.ok.length + 2)}→ ${line}`)),
    ])
    .join('\n');
}
