import type { ProgressTask } from '@watchnext/command-line';
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
