/** Probes, as the kubelet sends them. */
import { credentials, makeGenericClientConstructor, type ServiceDefinition } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import type { Workload } from './pods';

const LIMIT_MS = 1_000;

/**
 * @param probe of the container: a startupProbe, readinessProbe or livenessProbe with `httpGet` or `grpc`
 * @param ports where the container's ports are, in their order
 * @returns whether it succeeds @throws where nothing answers
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function succeeds(probe: any, { container }: Workload, ports: readonly number[]): Promise<boolean> {
  const { httpGet, grpc } = probe;
  const portOf = (wanted: string | number) => {
    const index = container.ports.findIndex(
      ({ name, containerPort }: { name: string; containerPort: number }) => name === wanted || containerPort === wanted,
    );
    if (index < 0 || index >= ports.length) throw new Error(`the container has no port ${wanted}`);
    return ports[index] as number;
  };
  if (httpGet) return fetch(`http://127.0.0.1:${portOf(httpGet.port)}${httpGet.path}`).then(({ ok }) => ok);
  return isServing(portOf(grpc.port), grpc.service);
}

/** @returns whether a server's health service says that it serves */
export function isServing(port: number, service: string): Promise<boolean> {
  const Client = makeGenericClientConstructor(healthService as unknown as ServiceDefinition, 'Health');
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const check = client['check'] as unknown as (
    request: { service: string },
    options: { deadline: number },
    callback: (error: Error | null, answer?: { status: string }) => void,
  ) => void;
  return new Promise<boolean>((resolve, reject) =>
    check.call(client, { service }, { deadline: Date.now() + LIMIT_MS }, (error, answer) =>
      error ? reject(error) : resolve(answer?.status === 'SERVING'),
    ),
  ).finally(() => client.close());
}
