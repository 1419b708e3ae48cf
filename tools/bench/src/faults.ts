/**
 * Every dependency of the gateway killed, hung, slowed and corrupted in turn under load: what callers see, row by row, producers of
 * events among them, and whether it is what the ladder promises (exit code 1 where it is not).
 */
import { textTable } from '@watchnext/command-line';
import {
  DEPENDENCIES,
  type Dependency,
  FAULT_KINDS,
  type FaultKind,
  FaultScene,
  type FaultRow,
  measureFault,
} from '@watchnext/end-to-end';
import { judgeFault } from './judge-fault';
import { report, type BenchReport } from './report';

export interface FaultsOptions {
  readonly deadline: number;
  readonly rate: number;
  readonly seconds: number;
  readonly recovery: number;
  readonly only?: readonly Dependency[];
  readonly faults?: readonly FaultKind[];
  readonly kafka: boolean;
  readonly s3: boolean;
}

interface JudgedRow extends FaultRow {
  /** Empty where all is as it should be. */
  readonly wrong: readonly string[];
}

export async function benchFaults(options: FaultsOptions): Promise<{ result: BenchReport; text: string }> {
  const servers = { redis: true, kafka: options.kafka, s3: options.s3 };
  const missing = FaultScene.missing(servers);
  if (missing.length > 0) throw new Error(`the bench needs ${missing.join(', ')}; --no-kafka and --no-s3 do without`);
  const rows: JudgedRow[] = [];
  const scene = await FaultScene.create({ deadlineMs: options.deadline, servers });
  try {
    for (const dependency of chosen(DEPENDENCIES, options.only)) {
      if (!scene.proxies.has(dependency)) continue;
      for (const fault of chosen(FAULT_KINDS, options.faults)) {
        process.stderr.write(`${dependency}, ${fault} …\n`);
        const timing = {
          perSecond: options.rate,
          faultSeconds: options.seconds,
          recoveryLimitSeconds: options.recovery,
        };
        const row = await measureFault(scene, dependency, fault, timing);
        rows.push({ ...row, wrong: judgeFault(row) });
      }
    }
  } finally {
    await scene.dispose();
  }
  if (rows.some(({ wrong }) => wrong.length > 0)) process.exitCode = 1;
  const text = [tableOf(rows), eventsTableOf(rows)].filter(Boolean).join('\n\n');
  return { result: report('faults', { ...options, servers }, rows), text };
}

/** In the order of all. */
const chosen = <T>(all: readonly T[], wanted = all): readonly T[] => all.filter((one) => wanted.includes(one));

const share = (part: number) => `${(100 * part).toFixed(part > 0 && part < 0.1 ? 1 : 0)}%`;

const sharesText = (shares: Readonly<Record<string, number>>) =>
  Object.entries(shares)
    .sort(([, a], [, b]) => b - a)
    .map(([name, part]) => `${name} ${share(part)}`)
    .join(', ');

function tableOf(rows: readonly JudgedRow[]): string {
  return textTable(
    [
      'dependency',
      'fault',
      'requests',
      'not 200',
      'late',
      ...LATENCIES,
      'rungs meanwhile',
      'unlogged',
      'recovery s',
      'news s',
      'wrong',
    ],
    rows.map((row) => [
      row.dependency,
      row.fault,
      String(row.requests),
      String(row.failed),
      String(row.late),
      ...latencyCells(row),
      sharesText(row.rungs),
      share(row.unlogged),
      row.recoverySeconds?.toFixed(1) ?? 'not seen',
      row.heardSeconds === undefined ? '' : (row.heardSeconds?.toFixed(1) ?? 'none'),
      row.wrong.join('; '),
    ]),
  );
}

const LATENCIES = ['p50 ms', 'p99 ms', 'max ms'];
const latencyCells = ({ p50Ms, p99Ms, maxMs }: { p50Ms: number; p99Ms: number; maxMs: number }) =>
  [p50Ms, p99Ms, maxMs].map((latencyMs) => latencyMs.toFixed(0));

/** What producers saw. */
function eventsTableOf(rows: readonly JudgedRow[]): string {
  const shown = rows.flatMap(({ dependency, fault, events }) => (events ? [{ dependency, fault, ...events }] : []));
  if (shown.length === 0) return '';
  return textTable(
    ['dependency', 'fault', 'event requests', 'unclear', 'late', ...LATENCIES, 'told meanwhile', 'lost', 'undelivered'],
    shown.map((row) => [
      row.dependency,
      row.fault,
      String(row.requests),
      String(row.unclear),
      String(row.late),
      ...latencyCells(row),
      sharesText(row.told),
      String(row.lost),
      String(row.undelivered),
    ]),
  );
}
