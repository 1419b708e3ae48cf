/** Settings that more than one service has, under one name and with one default each. */
import { resolve } from 'node:path';
import { z } from 'zod';

const anyPort = z.coerce.number().int().min(0).max(65_535);
export const port = (defaultPort: number) => anyPort.default(defaultPort);
export const positiveInteger = (defaultValue: number) => z.coerce.number().int().positive().default(defaultValue);
export const flag = (defaultValue: boolean) =>
  z
    .enum(['true', 'false'])
    .default(defaultValue ? 'true' : 'false')
    .transform((text) => text === 'true');

/** Where the embedded drivers keep everything, and how the activity topic is cut. */
export const storageSettings = {
  /** Folder of the embedded drivers. */
  WATCHNEXT_DATA_DIR: z
    .string()
    .default('.watchnext')
    .transform((path) => resolve(path)),
  /** Partitions of the activity topic; fixed once the topic exists. */
  WATCHNEXT_ACTIVITY_PARTITIONS: positiveInteger(4),
};

export const loggingSettings = {
  /** The least that is logged. */
  WATCHNEXT_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** "pretty" for people, "json" for machines. */
  WATCHNEXT_LOG_FORMAT: z.enum(['json', 'pretty']).default('json'),
};

/** Traces by OpenTelemetry. */
export const tracingSettings = {
  /** Where spans go, over OTLP/HTTP, as http://collector:4318/v1/traces; default: nothing is traced. */
  WATCHNEXT_OTLP_TRACES_URL: z.url({ protocol: /^https?$/, error: 'a URL http:// or https://' }).optional(),
  /** Share of requests over HTTP that are traced, from 0 to 1; a caller may leave its own out. The same for all services. */
  WATCHNEXT_TRACE_SHARE: z.coerce.number().min(0).max(1).default(1),
};

/** Services that take part in experiments, and the commands that report them. */
export const experimentSettings = {
  /** The file that defines them; default: no experiments. Read again when it changes. */
  WATCHNEXT_EXPERIMENTS_FILE: z
    .string()
    .transform((path) => resolve(path))
    .optional(),
  /** Seconds between two looks at the file. */
  WATCHNEXT_EXPERIMENTS_POLL_SECONDS: z.coerce.number().positive().default(2),
};

export const listenSettings = {
  /** Address that it listens on; 0.0.0.0 to be reached from elsewhere, as in a container or a virtual machine. */
  WATCHNEXT_HOST: z.string().default('127.0.0.1'),
};

/** Of services that speak no HTTP otherwise, or may ask for certificates there. */
export const probeSettings = {
  ...listenSettings,
  /** Where /metrics, /livez and /readyz are answered, in the clear whatever the other port asks for; 0: any free port. Without it there is no such port. */
  WATCHNEXT_METRICS_PORT: anyPort.optional(),
};

/** Services that answer from snapshots. */
export const modelServiceSettings = {
  ...probeSettings,
  /** Snapshots held at once: current, previous, and one more; those of experiments come on top. */
  WATCHNEXT_HELD_SNAPSHOTS: positiveInteger(3),
  /** Milliseconds between two looks at how late the event loop is, each of which wakes the process; shorter to measure short ones. */
  WATCHNEXT_EVENT_LOOP_LOOK_MS: positiveInteger(10),
};

/** Paths of the embedded drivers inside the data folder. */
export function embeddedPaths(dataDirectory: string) {
  return {
    eventLog: resolve(dataDirectory, 'event-log'),
    featureStore: resolve(dataDirectory, 'feature-store'),
    archive: resolve(dataDirectory, 'archive'),
    snapshots: resolve(dataDirectory, 'snapshots'),
  };
}
