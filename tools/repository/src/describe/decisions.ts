/** The index of the decisions: each with its title, and the later ones that speak of it, which may have changed it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './sources';
import { table } from './table';

interface Decision {
  readonly number: number;
  readonly title: string;
  readonly file: string;
  /** Numbers of the decisions that its text links to. */
  readonly links: ReadonlySet<number>;
}

const FOLDER = join(ROOT, 'docs', 'decisions');
const NAMED = /^(\d{4})-[\w-]+\.md$/;

export function decisionsIndex(): string {
  const decisions = readdirSync(FOLDER)
    .filter((file) => NAMED.test(file))
    .sort()
    .map((file) => readDecision(file, readFileSync(join(FOLDER, file), 'utf8')));
  return table(
    ['', 'decision', 'spoken of later in'],
    decisions.map((decision) => [
      String(decision.number),
      `[${decision.title}](${decision.file})`,
      decisions
        .filter(({ number, links }) => number > decision.number && links.has(decision.number))
        .map(({ number, file }) => `[${number}](${file})`)
        .join(', '),
    ]),
  );
}

/** @throws Error for a decision whose first line is not "# NUMBER. TITLE" with the number of its file */
export function readDecision(file: string, text: string): Decision {
  const number = Number(NAMED.exec(file)?.[1]);
  const [, told, title] = /^# (\d+)\. (.+)\n/.exec(text) ?? [];
  if (title === undefined || Number(told) !== number)
    throw new Error(`docs/decisions/${file} must begin with "# ${number}. TITLE"`);
  const links = [...text.matchAll(/\]\((\d{4})-[\w-]+\.md/g)].map(([, linked]) => Number(linked));
  return { number, title, file, links: new Set(links) };
}
