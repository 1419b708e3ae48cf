/** Keeps each finished unit's result in a folder, under a name that changes with all that it hangs on. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { keepJson, keptJson } from '../kept-files';
import { dataCodeKey, unitCodeKey } from './code-key';
import type { PaperData } from './data';
import { defaultsOf, trainedAs } from './trained-as';
import { unitKey, type Unit, type UnitResult } from './units';

/** Raised when what a unit's result holds, or what it is measured on, changes. */
const RESULT_VERSION = 2;

export interface Job {
  readonly data: PaperData;
  readonly unit: Unit;
  readonly seed: number;
}

export class ResultStore {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  has(job: Job): boolean {
    return this.get(job) !== undefined;
  }

  get(job: Job): UnitResult | undefined {
    return keptJson(this.pathOf(job)) as UnitResult | undefined;
  }

  put(job: Job, result: UnitResult): void {
    keepJson(this.pathOf(job), result);
  }

  private pathOf({ data, unit, seed }: Job): string {
    // A default or a line of code that changes makes other trainings of the same units.
    const defaults = JSON.stringify(defaultsOf(unit, data));
    const code = [dataCodeKey(), unitCodeKey(unit.kind)];
    const said = [
      RESULT_VERSION,
      ...code,
      data.name,
      data.fingerprint,
      data.description,
      unitKey(trainedAs(unit, data)),
      defaults,
      seed,
    ];
    return join(this.folder, `${createHash('sha256').update(said.join('\n')).digest('hex').slice(0, 24)}.json`);
  }
}
