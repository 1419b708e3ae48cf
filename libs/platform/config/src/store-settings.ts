/**
 * Settings of the stores that are embedded on one machine and remote at scale. A schema spreads the fields it needs and
 * adds `.superRefine(checkStoreSettings)`; the open functions of the stores check again, so nothing opens unchecked.
 *
 * @example
 *   const schema = z.object({ ...storageSettings, ...featureStoreSettings }).superRefine(checkStoreSettings);
 *   const store = openFeatureStore(loadConfig(schema), paths.featureStore);
 */
import { z } from 'zod';
import { ConfigError } from './load-config';
import { Secret, secret } from './secret';
import { flag, positiveInteger } from './settings';

const addresses = () =>
  z
    .string()
    .transform((text) => text.split(',').map((address) => address.trim()))
    .refine((list) => list.every(isAddress), 'host:port, several separated by commas')
    .optional();

export const featureStoreSettings = {
  /** Where user states are: in the data folder, or in Redis, named by exactly one of URL, CLUSTER and SENTINELS. */
  WATCHNEXT_FEATURE_STORE: z.enum(['embedded', 'redis']).default('embedded'),
  /** redis://host:port[/db], or rediss:// for TLS. Kept as a secret, since it may carry a password. */
  WATCHNEXT_REDIS_URL: z
    .string()
    // Without "abort" the checks of all settings together run on the text, which is no Secret yet.
    .refine(isRedisUrl, { error: 'a URL redis://host:port or rediss://host:port', abort: true })
    .transform((text) => new Secret(text))
    .optional(),
  /** Some nodes of a Redis Cluster, as host:port, several separated by commas. */
  WATCHNEXT_REDIS_CLUSTER: addresses(),
  /** Some sentinels that watch over one Redis, as host:port, several separated by commas. */
  WATCHNEXT_REDIS_SENTINELS: addresses(),
  /** The name under which the sentinels know that Redis. */
  WATCHNEXT_REDIS_SENTINEL_MASTER: z.string().optional(),
  /** User for the sentinels themselves, where they ask for one. */
  WATCHNEXT_REDIS_SENTINEL_USERNAME: z.string().optional(),
  /** Password for the sentinels; never printed. */
  WATCHNEXT_REDIS_SENTINEL_PASSWORD: secret(),
  /** User of Redis' access lists; default: its default user. */
  WATCHNEXT_REDIS_USERNAME: z.string().optional(),
  /** Password for Redis; never printed. */
  WATCHNEXT_REDIS_PASSWORD: secret(),
  /** Whether Redis is spoken to over TLS, where no URL says so. */
  WATCHNEXT_REDIS_TLS: flag(false),
  /** PEM of the authority that signed Redis' certificate; default: those that Node knows. */
  WATCHNEXT_REDIS_TLS_CA_FILE: z.string().optional(),
  /** PEM of this client's certificate; with the key, or neither. */
  WATCHNEXT_REDIS_TLS_CERT_FILE: z.string().optional(),
  /** PEM of its private key. */
  WATCHNEXT_REDIS_TLS_KEY_FILE: z.string().optional(),
  /** Prefix of all keys: up to 100 letters, digits and . _ : - */
  WATCHNEXT_REDIS_NAMESPACE: z
    .string()
    .regex(/^[A-Za-z0-9._:-]{1,100}$/, 'up to 100 letters, digits and . _ : -')
    .default('watchnext'),
  /** No call takes longer. */
  WATCHNEXT_REDIS_CALL_TIMEOUT_MS: positiveInteger(2_000),
};

export const objectStoreSettings = {
  /** Where snapshots and the event archive are: folders, or S3-compatible storage. */
  WATCHNEXT_OBJECT_STORE: z.enum(['folder', 's3']).default('folder'),
  /** Name of the bucket. */
  WATCHNEXT_S3_BUCKET: z.string().optional(),
  /** Put before every key; without a slash at either end. */
  WATCHNEXT_S3_PREFIX: z
    .string()
    .transform((text) => text.replace(/^\/+|\/+$/g, ''))
    .default(''),
  /** URL of a server that is not AWS, as http://host:port. */
  WATCHNEXT_S3_ENDPOINT: z.url({ protocol: /^https?$/, error: 'a URL http:// or https://' }).optional(),
  /** Region of the bucket. */
  WATCHNEXT_S3_REGION: z.string().default('us-east-1'),
  /** Default: the chain of the AWS SDK (environment, profile, role of the machine or pod). */
  WATCHNEXT_S3_ACCESS_KEY_ID: z.string().optional(),
  /** The secret that belongs to the access key; never printed. */
  WATCHNEXT_S3_SECRET_ACCESS_KEY: secret(),
  /** No request takes longer, no transfer stands still longer. */
  WATCHNEXT_S3_TIMEOUT_MS: positiveInteger(10_000),
  /** Folder for fetched files, and for checkpoints while they are made and read; default: beside the folders that the embedded drivers would use, and the folder for temporary files. */
  WATCHNEXT_CACHE_DIR: z.string().optional(),
  /** Fetched snapshots kept. */
  WATCHNEXT_CACHE_SNAPSHOTS: positiveInteger(5),
  /** Bound of the archive's fetched files; one partition that is larger is held all the same while it is read. */
  WATCHNEXT_CACHE_ARCHIVE_MB: positiveInteger(10_240),
};

export type FeatureStoreSettings = z.infer<z.ZodObject<typeof featureStoreSettings>>;
export type StoredFilesSettings = z.infer<z.ZodObject<typeof objectStoreSettings>>;
type AnySettings = Partial<FeatureStoreSettings & StoredFilesSettings>;

/** For `schema.superRefine`: reports every variable that does not fit the others. */
export function checkStoreSettings(settings: AnySettings, context: z.RefinementCtx): void {
  for (const [name, message] of problemsOf(settings)) context.addIssue({ code: 'custom', path: [name], message });
}

/** @throws ConfigError naming the variables, never their values */
export function requireConsistent(settings: AnySettings): void {
  const problems = problemsOf(settings).map(([name, message]) => `${name}: ${message}`);
  if (problems.length > 0) throw new ConfigError(problems);
}

function problemsOf(settings: AnySettings): [variable: string, problem: string][] {
  return [
    ...(settings.WATCHNEXT_FEATURE_STORE === 'redis' ? redisProblems(settings) : []),
    ...(settings.WATCHNEXT_OBJECT_STORE === 's3' ? s3Problems(settings) : []),
  ];
}

/** Asked for by name, or by the scheme of the URL. */
export function isRedisTls(settings: Partial<FeatureStoreSettings>): boolean {
  const url = settings.WATCHNEXT_REDIS_URL?.reveal();
  return settings.WATCHNEXT_REDIS_TLS === true || (url !== undefined && new URL(url).protocol === 'rediss:');
}

function redisProblems(settings: AnySettings): [string, string][] {
  const problems: [string, string][] = [];
  const forms = ['WATCHNEXT_REDIS_URL', 'WATCHNEXT_REDIS_CLUSTER', 'WATCHNEXT_REDIS_SENTINELS'] as const;
  const given = forms.filter((form) => settings[form] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none is set' : `${given.join(' and ')} are set`;
    problems.push(['WATCHNEXT_FEATURE_STORE', `redis needs exactly one of ${forms.join(', ')}; ${found}`]);
  }
  const needs = (variable: keyof AnySettings, needed: keyof AnySettings) => {
    if (settings[variable] !== undefined && settings[needed] === undefined) {
      problems.push([needed, `is needed with ${variable}`]);
    }
  };
  needs('WATCHNEXT_REDIS_SENTINELS', 'WATCHNEXT_REDIS_SENTINEL_MASTER');
  needs('WATCHNEXT_REDIS_SENTINEL_MASTER', 'WATCHNEXT_REDIS_SENTINELS');
  needs('WATCHNEXT_REDIS_SENTINEL_USERNAME', 'WATCHNEXT_REDIS_SENTINEL_PASSWORD');
  needs('WATCHNEXT_REDIS_USERNAME', 'WATCHNEXT_REDIS_PASSWORD');
  needs('WATCHNEXT_REDIS_TLS_CERT_FILE', 'WATCHNEXT_REDIS_TLS_KEY_FILE');
  needs('WATCHNEXT_REDIS_TLS_KEY_FILE', 'WATCHNEXT_REDIS_TLS_CERT_FILE');
  if (
    !isRedisTls(settings) &&
    (settings.WATCHNEXT_REDIS_TLS_CA_FILE ?? settings.WATCHNEXT_REDIS_TLS_CERT_FILE) !== undefined
  ) {
    problems.push(['WATCHNEXT_REDIS_TLS', 'must be true where certificates are given']);
  }
  return problems;
}

function s3Problems(settings: AnySettings): [string, string][] {
  const problems: [string, string][] = [];
  if (settings.WATCHNEXT_S3_BUCKET === undefined) {
    problems.push(['WATCHNEXT_S3_BUCKET', 'is needed with WATCHNEXT_OBJECT_STORE=s3']);
  }
  const pair = ['WATCHNEXT_S3_ACCESS_KEY_ID', 'WATCHNEXT_S3_SECRET_ACCESS_KEY'] as const;
  const missing = pair.filter((variable) => settings[variable] === undefined);
  if (missing.length === 1)
    problems.push([missing[0] as string, `is needed with ${pair.find((one) => one !== missing[0])}`]);
  return problems;
}

function isAddress(text: string): boolean {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:@/[\]]+):(\d{1,5})$/.exec(text);
  return match !== null && Number(match[2]) <= 65_535;
}

function isRedisUrl(text: string): boolean {
  return URL.canParse(text) && ['redis:', 'rediss:'].includes(new URL(text).protocol) && new URL(text).hostname !== '';
}
