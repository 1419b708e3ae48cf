/**
 * The environment that the `production` overlay gives each pod, with what only a cluster has put in its place: addresses,
 * credentials, files and folders. Everything else is as in production.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stack } from '@watchnext/local-stack';
import type { KubernetesObject } from '../objects';
import type { Engine } from '../containers/engine';
import { environmentOf, type Workload } from '../pods';

/** Of the one producer. */
export const API_KEY = 'rehearsal';
/** The gateway's own: for what viewers do, within limits, as in production. */
const GATEWAY_KEY = 'rehearsal of the gateway';
const VIEWER_RIGHTS = '2000 4000000 watch,search,dismissal,impressionsViewed';
const hash = (key: string) => createHash('sha256').update(key).digest('hex');

/** Where the other services are, on this machine. */
export interface Addresses {
  readonly retrieval: readonly number[];
  readonly ranking: readonly number[];
  readonly collectUrl: string;
}

export interface Place {
  readonly stack: Stack;
  readonly objects: readonly KubernetesObject[];
  /** Of the whole rehearsal, for files that all may read. */
  readonly directory: string;
  readonly addresses: Addresses;
  /** Default: pods are processes of what is built here. */
  readonly containers?: Containers;
}

export interface Containers {
  readonly engine: Engine;
  readonly imageOf: (workload: Workload) => string;
}

/**
 * @param ports one for each `…_PORT` that the pod sets
 * @param folder of this pod alone
 * @throws Error for a file, folder or secret that nothing here stands for
 */
export function localSettings(
  workload: Workload,
  place: Place,
  ports: readonly number[],
  folder: string,
): Record<string, string> {
  const remaining = [...ports];
  const settings: Record<string, string> = {};
  for (const [name, { value, reference }] of environmentOf(workload, place.objects)) {
    const local = replacement(name, value, workload, place, folder, remaining);
    if (local === undefined && (reference === 'secret' || /_(FILE|DIR|URL|ADDRESS)$/.test(name))) {
      throw new Error(`the rehearsal has nothing for ${name} of ${workload.name}: add it to settings.ts`);
    }
    const used = local ?? value;
    if (used !== '') settings[name] = used;
  }
  return { ...settings, ...objectStore(place.stack) };
}

/** @returns undefined: as in production; empty: not set */
function replacement(
  name: string,
  value: string,
  { pod }: Workload,
  { stack, objects, directory, addresses }: Place,
  folder: string,
  ports: number[],
): string | undefined {
  const file = (text: string) => sharedFile(directory, name, text);
  const listOf = (list: readonly number[]) => `ipv4:${list.map((port) => `127.0.0.1:${port}`).join(',')}`;
  switch (name) {
    case 'WATCHNEXT_HOST':
      return '127.0.0.1';
    case 'WATCHNEXT_HTTP_PORT':
    case 'WATCHNEXT_GRPC_PORT':
    case 'WATCHNEXT_METRICS_PORT':
      return String(ports.shift());
    case 'WATCHNEXT_RETRIEVAL_ADDRESS':
      return listOf(addresses.retrieval);
    case 'WATCHNEXT_RANKING_ADDRESS':
      return listOf(addresses.ranking);
    case 'WATCHNEXT_INGESTION_URL':
      return addresses.collectUrl;
    case 'WATCHNEXT_KAFKA_BROKERS':
    case 'WATCHNEXT_REDIS_CLUSTER':
    case 'WATCHNEXT_KAFKA_TLS_CA_FILE':
      return stack.environment[name];
    case 'WATCHNEXT_KAFKA_SASL_PASSWORD': {
      const user = stack.security?.users.find(({ username }) => username === pod.serviceAccountName);
      return user?.password;
    }
    // The Redis of the local stack speaks no TLS and knows no users.
    case 'WATCHNEXT_REDIS_TLS':
      return 'false';
    case 'WATCHNEXT_REDIS_USERNAME':
    case 'WATCHNEXT_REDIS_PASSWORD':
      return '';
    case 'WATCHNEXT_API_KEYS_FILE':
      return file(`rehearsal ${hash(API_KEY)} - -\ngateway ${hash(GATEWAY_KEY)} ${VIEWER_RIGHTS}\n`);
    case 'WATCHNEXT_GATEWAY_API_KEY_FILE':
      return file(`${GATEWAY_KEY}\n`);
    case 'WATCHNEXT_CONSOLE_TOKEN_FILE':
      return file('the token of the rehearsal\n');
    case 'WATCHNEXT_EXPERIMENTS_FILE':
      return file(
        objects.find(({ metadata }) => metadata.name === 'watchnext-experiments')?.['data']['experiments.json'],
      );
    case 'WATCHNEXT_CACHE_DIR':
      return join(folder, 'cache');
    case 'WATCHNEXT_DATA_DIR':
      return join(folder, 'data');
    case 'WATCHNEXT_S3_BUCKET':
      return stack.environment[name];
    // Two cores for everything here.
    case 'WATCHNEXT_TRAINING_THREADS':
      return value;
    default:
      return undefined;
  }
}

/** The test server takes any credentials, but some; in production the pod's role gives them. */
function objectStore({ environment }: Stack): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) =>
      /^WATCHNEXT_S3_(ENDPOINT|ACCESS_KEY_ID|SECRET_ACCESS_KEY)$/.test(name),
    ),
  );
}

function sharedFile(directory: string, name: string, text: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, name.toLowerCase());
  writeFileSync(path, text);
  return path;
}
