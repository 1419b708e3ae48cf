/**
 * All that decides on which drivers a program runs: embedded ones in a folder, or Kafka, Redis and S3. Every service and
 * command takes these, so that one environment moves all of them together.
 *
 * @example
 *   const schema = z.object({ ...driverSettings, ...loggingSettings }).superRefine(checkDriverSettings);
 *   const settings = loadConfig(schema);
 *   const log = await openEventLog(settings, embeddedPaths(settings.WATCHNEXT_DATA_DIR).eventLog, 'gateway');
 */
import { z } from 'zod';
import { checkEventLogSettings, eventLogSettings } from './event-log-settings';
import { loadConfig } from './load-config';
import { storageSettings } from './settings';
import { checkStoreSettings, featureStoreSettings, objectStoreSettings } from './store-settings';

export const driverSettings = {
  ...storageSettings,
  ...eventLogSettings,
  ...featureStoreSettings,
  ...objectStoreSettings,
};

const driverSchema = z.object(driverSettings);
export type DriverSettings = z.infer<typeof driverSchema>;

/** For `schema.superRefine`: reports every variable that does not fit the others. */
export function checkDriverSettings(settings: Partial<DriverSettings>, context: z.RefinementCtx): void {
  checkEventLogSettings(settings, context);
  checkStoreSettings(settings, context);
}

/** The drivers alone, for commands and tests. @throws ConfigError */
export function loadDriverSettings(environment?: Readonly<Record<string, string | undefined>>): DriverSettings {
  return loadConfig(driverSchema.superRefine(checkDriverSettings), environment);
}
