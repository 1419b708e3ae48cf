import { join } from 'node:path';
import { MALLOC_SETTINGS } from '@watchnext/config';
import { type AppName, builtMain, ServiceProcess } from '@watchnext/service-process';

/** A service that gets the settings that it is given, and none that happen to be in the caller's environment. @param nodeArgs options of Node itself */
export function isolatedService(
  app: AppName,
  environment: Readonly<Record<string, string>>,
  logDirectory: string,
  args: readonly string[] = [],
  nodeArgs: readonly string[] = [],
): ServiceProcess {
  const settings = { NODE_OPTIONS: '', ...MALLOC_SETTINGS, ...environment };
  return new ServiceProcess(
    { name: app, main: builtMain(app), args, nodeArgs, environment: settings, inherited: withoutSettings(process.env) },
    { logFile: join(logDirectory, `${app}.log`) },
  );
}

export function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('WATCHNEXT_')));
}
