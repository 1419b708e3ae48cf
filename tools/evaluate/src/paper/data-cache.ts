/** Keeps what a log came to after its replay, so that a run that goes on from where another stopped need not replay it. */
import { keepValue, keptValue } from '../kept-files';
import { dataCodeKey } from './code-key';
import type { PaperData } from './data';

interface Kept {
  /** Of the code that made it. */
  readonly code: string;
  readonly data: PaperData;
}

/** undefined where there is nothing that this code made. */
export function keptData(file: string): PaperData | undefined {
  const kept = keptValue(file) as Kept | undefined;
  return kept?.code === dataCodeKey() ? kept.data : undefined;
}

export function keepData(file: string, data: PaperData): void {
  keepValue(file, { code: dataCodeKey(), data } satisfies Kept);
}
