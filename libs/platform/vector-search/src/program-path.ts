import { join } from 'node:path';

/**
 * A compiled program of this library. Also where the library runs from its sources, as in specs, its threads run compiled:
 * build first.
 */
export const programPath = (name: string): string => join(__dirname, '..', 'dist', `${name}.js`);
