/** Names that no program here reads: a mistyped variable otherwise means its default, in silence. */
import { KNOWN_NAMES } from './known-names';

const PREFIX = 'WATCHNEXT_';
/** What Kubernetes sets in pods beside a Service of such a name. */
const OF_SERVICE_LINKS = /_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP)/;
const SERVICE_LINK = /^(tcp|udp):\/\//;
/** Letters that may differ for a known name to be what was meant. */
const MOST_EDITS = 3;

/** A line for each name that no program knows, with the known name that is nearest. */
export function unknownSettings(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(KNOWN_NAMES);
  return Object.entries(environment)
    .filter(([name, value]) => name.startsWith(PREFIX) && !known.has(name) && !isServiceLink(name, value ?? ''))
    .map(([name]) => {
      const nearest = nearestOf(name);
      return `${name} is no setting that anything here knows, and is ignored${nearest === undefined ? '' : `: is ${nearest} meant?`}`;
    })
    .sort();
}

const isServiceLink = (name: string, value: string) => OF_SERVICE_LINKS.test(name) || SERVICE_LINK.test(value);

function nearestOf(name: string): string | undefined {
  const [nearest] = KNOWN_NAMES.map((known) => ({ known, edits: editsBetween(name, known) })).sort(
    (a, b) => a.edits - b.edits,
  );
  return nearest !== undefined && nearest.edits <= MOST_EDITS ? nearest.known : undefined;
}

/** Levenshtein distance: letters to put in, take out or change. */
function editsBetween(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++)
      row.push(Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    above = row;
  }
  return above[b.length];
}

let hasWarned = false;

/** Once in a process, on standard error: there is no log before the settings are read. */
export function warnOfUnknownSettings(): void {
  if (hasWarned) return;
  hasWarned = true;
  for (const line of unknownSettings(process.env)) process.stderr.write(`warning: ${line}\n`);
}
