/** Which processes make up WatchNext on one machine, and how they find each other. */
import { type AppName, builtMain, type ServiceDefinition } from '@watchnext/service-process';
import { choosePorts } from './ports';

export const HOST = '127.0.0.1';
const PREFERRED_PORTS = { ingestion: 7_001, retrieval: 7_002, ranking: 7_003 };

/**
 * A day, the default, would keep all that happens live out of the next training runs; here viewers watch many times
 * faster than the clock, so that an impression has its outcome after six minutes. The join window itself stays a day:
 * in the history viewers keep to the clock, and watch the last video of a page long after it was shown.
 */
const DEMO_SETTLED_AFTER_HOURS = 0.1;
const EVERY_TEN_MINUTES = '*/10 * * * *';
/** More than three hours to go back; of all, a start that is left alone would fill its disk. */
const DEMO_KEPT_SNAPSHOTS = 20;

export interface ServicePlan {
  readonly gatewayUrl: string;
  readonly ingestionUrl: string;
  /** All but the trainer. */
  readonly services: readonly ServiceDefinition[];
  /** The trainer, once or on its schedule. */
  readonly trainer: (args: readonly string[]) => ServiceDefinition;
}

/** @param root the project's folder, where the built apps lie */
export async function planServices(root: string, dataDirectory: string, gatewayPort: number): Promise<ServicePlan> {
  const ports = await choosePorts({ gateway: gatewayPort, ...PREFERRED_PORTS }, HOST);
  const common = {
    WATCHNEXT_DATA_DIR: dataDirectory,
    WATCHNEXT_HOST: HOST,
    WATCHNEXT_LOG_FORMAT: 'json',
    // What the caller's shell holds is for other systems: here all state lies in the folder, which --fresh empties.
    WATCHNEXT_EVENT_LOG: 'embedded',
    WATCHNEXT_FEATURE_STORE: 'embedded',
    WATCHNEXT_OBJECT_STORE: 'folder',
    WATCHNEXT_INGESTION_ROLES: '',
    WATCHNEXT_ACTIVITY_PARTITIONS: '',
    // One port for all of them would be taken for all but one.
    WATCHNEXT_METRICS_PORT: '',
    // Nothing leaves this machine, and what brings the history in has neither certificate nor key.
    WATCHNEXT_API_KEYS_FILE: '',
    WATCHNEXT_GATEWAY_API_KEY_FILE: '',
    WATCHNEXT_GRPC_TLS_CA_FILE: '',
    WATCHNEXT_GRPC_TLS_CERT_FILE: '',
    WATCHNEXT_GRPC_TLS_KEY_FILE: '',
  };
  const main = (app: AppName) => builtMain(app, root);
  const gatewayUrl = `http://${HOST}:${ports.gateway}`;
  const ingestionUrl = `http://${HOST}:${ports.ingestion}`;
  return {
    gatewayUrl,
    ingestionUrl,
    services: [
      {
        name: 'ingestion',
        main: main('ingestion'),
        environment: { ...common, WATCHNEXT_HTTP_PORT: String(ports.ingestion) },
      },
      {
        name: 'retrieval',
        main: main('retrieval'),
        environment: { ...common, WATCHNEXT_GRPC_PORT: String(ports.retrieval) },
      },
      {
        name: 'ranking',
        main: main('ranking'),
        environment: { ...common, WATCHNEXT_GRPC_PORT: String(ports.ranking) },
      },
      {
        name: 'gateway',
        main: main('gateway'),
        environment: {
          ...common,
          WATCHNEXT_HTTP_PORT: String(ports.gateway),
          // Nobody else reaches this machine's own address.
          WATCHNEXT_CONSOLE: 'open',
          WATCHNEXT_RETRIEVAL_ADDRESS: `${HOST}:${ports.retrieval}`,
          WATCHNEXT_RANKING_ADDRESS: `${HOST}:${ports.ranking}`,
          WATCHNEXT_INGESTION_URL: ingestionUrl,
        },
      },
    ],
    trainer: (args) => ({
      name: 'trainer',
      main: main('trainer'),
      args,
      environment: {
        ...common,
        WATCHNEXT_PROGRESS_BARS: 'false',
        WATCHNEXT_SETTLED_AFTER_HOURS: String(DEMO_SETTLED_AFTER_HOURS),
        WATCHNEXT_TRAINER_SCHEDULE: EVERY_TEN_MINUTES,
        WATCHNEXT_KEPT_SNAPSHOTS: String(DEMO_KEPT_SNAPSHOTS),
      },
    }),
  };
}
