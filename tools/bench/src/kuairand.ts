/**
 * KuaiRand-Pure end to end: the importer sends the log through the collector, the trainer holds out the last two days
 * (2022-05-04 and 05-05 of the log that ends there) and prints its table of metrics.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TRAINER_EXIT_CODES } from '@watchnext/config';
import { importDataset } from '@watchnext/datasets';
import { LocalSystem, temporaryFolder } from '@watchnext/end-to-end';
import { renderTable, type MetricTable } from '@watchnext/evaluation';
import { report, type BenchReport } from './report';

/** What this needs of the trainer's --metrics-json; a value that could not be measured is null there. */
interface TrainerReport {
  readonly metrics: readonly {
    name: string;
    scorer: string;
    value: number | null;
    interval95?: [number | null, number | null];
  }[];
}

export async function benchKuairand(options: {
  path: string;
  seed: number;
}): Promise<{ result: BenchReport; text: string }> {
  const { path: folder, remove } = temporaryFolder('kuairand');
  const metricsFile = join(folder, 'metrics.json');
  const system = await LocalSystem.create({ dataDirectory: join(folder, 'data') });
  try {
    await system.start();
    const importedFrom = performance.now();
    await importDataset('kuairand', options.path, { url: system.ingestionUrl });
    await system.drained();
    const importSeconds = (performance.now() - importedFrom) / 1000;
    const trainedFrom = performance.now();
    const code = await system.train([
      '--evaluation-days',
      '2',
      '--seed',
      String(options.seed),
      '--metrics-json',
      metricsFile,
    ]);
    // What the gate rejected is measured as well.
    if (code !== TRAINER_EXIT_CODES.published && code !== TRAINER_EXIT_CODES.rejected) {
      throw new Error(`the trainer ended with ${code} and measured nothing:\n${system.trainerLogTail()}`);
    }
    const trainSeconds = (performance.now() - trainedFrom) / 1000;
    const metrics = JSON.parse(readFileSync(metricsFile, 'utf8')) as TrainerReport;
    const figures = { gatePassed: code === TRAINER_EXIT_CODES.published, importSeconds, trainSeconds, metrics };
    const verdict = `gate ${code === 0 ? 'passed' : `not passed (exit code ${code})`}`;
    const seconds = `import ${importSeconds.toFixed(0)} s, training ${trainSeconds.toFixed(0)} s`;
    const text = `${renderTable(metrics.metrics.map(toRow))}\n\n${verdict}; ${seconds}`;
    return { result: report('kuairand', { seed: options.seed, testDays: '2022-05-04, 2022-05-05' }, figures), text };
  } finally {
    await system.dispose();
    await remove();
  }
}

function toRow({ name, scorer, value, interval95 }: TrainerReport['metrics'][number]): MetricTable[number] {
  const interval = interval95 && { low: interval95[0] ?? Number.NaN, high: interval95[1] ?? Number.NaN };
  return { name, scorer, value: value ?? Number.NaN, ...(interval ? { interval } : {}) };
}
