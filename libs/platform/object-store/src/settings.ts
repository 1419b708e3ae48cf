import { requireConsistent, type StoredFilesSettings } from '@watchnext/config';
import type { ObjectStoreSettings } from './object-store';

/**
 * @param part what is stored there, as "snapshots": a prefix below that of the settings
 * @throws ConfigError naming the variables at fault
 */
export function objectStoreSettingsOf(settings: StoredFilesSettings, part: string): ObjectStoreSettings {
  requireConsistent(settings);
  const prefix = settings.WATCHNEXT_S3_PREFIX;
  const accessKeyId = settings.WATCHNEXT_S3_ACCESS_KEY_ID;
  const secretAccessKey = settings.WATCHNEXT_S3_SECRET_ACCESS_KEY?.reveal();
  return {
    bucket: settings.WATCHNEXT_S3_BUCKET as string,
    prefix: `${prefix === '' ? '' : `${prefix}/`}${part}/`,
    region: settings.WATCHNEXT_S3_REGION,
    endpoint: settings.WATCHNEXT_S3_ENDPOINT,
    credentials:
      accessKeyId !== undefined && secretAccessKey !== undefined ? { accessKeyId, secretAccessKey } : undefined,
    requestTimeoutMs: settings.WATCHNEXT_S3_TIMEOUT_MS,
  };
}
