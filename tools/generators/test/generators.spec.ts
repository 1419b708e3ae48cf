/** What the generators make passes the checks; `npm run check:generators` goes on to every project. */
import { checkGenerated, generateAll } from '../src/try-out';

it('a new library, service, event and feature are formatted, linted, typed, documented, and pass their specs', () => {
  const copy = generateAll(() => undefined);
  try {
    checkGenerated(copy, false, () => undefined);
  } finally {
    copy.remove();
  }
}, 900_000);
