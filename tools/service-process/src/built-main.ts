import { join, resolve } from 'node:path';

const REPOSITORY = resolve(__dirname, '..', '..', '..');

export type AppName = 'ingestion' | 'trainer' | 'retrieval' | 'ranking' | 'gateway';

/** The program that an app was built to. @param root the project's folder */
export const builtMain = (app: AppName, root: string = REPOSITORY): string =>
  join(root, 'apps', app, 'dist', 'main.js');
