import type { ProgressTask, startTask } from '@watchnext/command-line';
import type { ArchiveTable } from '@watchnext/event-archive';

/** The same table, with each question that it has answered counted: what reads an archive is a row of questions, and each may take its time. */
export function countingQueries(table: ArchiveTable, task: ProgressTask): ArchiveTable {
  let answered = 0;
  const counted = async <T>(asked: Promise<T>): Promise<T> => {
    const answer = await asked;
    task.update(++answered);
    return answer;
  };
  return {
    rows: (sql) => counted(table.rows(sql)),
    run: (sql) => counted(table.run(sql)),
    batches: (sql) => table.batches(sql),
  };
}

/** How tasks are shown: a command line's own, or none. */
export type TaskStarter = typeof startTask;

/** Work with its progress, which ends with it. */
export async function withTask<T>(
  start: TaskStarter,
  [title, unit]: readonly [title: string, unit: string],
  work: (task: ProgressTask) => Promise<T>,
): Promise<T> {
  const task = start(title, unit);
  try {
    const result = await work(task);
    task.finish();
    return result;
  } catch (error) {
    task.abandon();
    throw error;
  }
}

export const READING = ['archive', 'questions'] as const;
