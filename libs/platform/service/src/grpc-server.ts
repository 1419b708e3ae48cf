import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from './logger';
import { refusingUndecodable, withUndecodable } from './undecodable';

/** Time for calls in flight to end before they are cut off. */
const DRAIN_MS = 5_000;
/** Clients reconnect after this age, so that new replicas get their share of a headless service's traffic. */
const MAX_CONNECTION_AGE_MS = 300_000;

/**
 * What a liveness probe asks the health service for. The service proper is not serving before its first snapshot, and
 * must not be restarted for that.
 */
export const LIVENESS_SERVICE = 'watchnext.live';

/** A gRPC server with the standard health service; not serving until told so, and alive from the start. */
export class GrpcServer {
  private readonly server = new Server({
    'grpc.max_receive_message_length': 16 * 1024 * 1024,
    'grpc.max_connection_age_ms': MAX_CONNECTION_AGE_MS,
    'grpc.max_connection_age_grace_ms': DRAIN_MS,
  });
  private readonly health: HealthImplementation;
  private isClosing = false;
  private serving = false;

  constructor(
    private readonly logger: Logger,
    private readonly serviceName: string,
    definition: ServiceDefinition,
    implementation: UntypedServiceImplementation,
    private readonly security: ServerCredentials = ServerCredentials.createInsecure(),
  ) {
    this.server.addService(withUndecodable(definition), implementation);
    this.health = new HealthImplementation({
      '': 'NOT_SERVING',
      [serviceName]: 'NOT_SERVING',
      [LIVENESS_SERVICE]: 'SERVING',
    });
    this.health.addToServer({
      addService: (health, handlers) =>
        this.server.addService(withUndecodable(health), refusingUndecodable(health, handlers)),
    } as Pick<Server, 'addService'> as Server);
  }

  /** @returns the port bound, for a requested port of 0 */
  async listen(host: string, port: number): Promise<number> {
    const bound = await new Promise<number>((resolve, reject) =>
      this.server.bindAsync(`${host}:${port}`, this.security, (error, actual) =>
        error ? reject(error) : resolve(actual),
      ),
    );
    this.logger.info({ host, port: bound }, 'gRPC listening');
    return bound;
  }

  /** A server that drains serves no more, whatever it is told. */
  setServing(serving: boolean): void {
    this.serving = serving && !this.isClosing;
    const status = this.serving ? 'SERVING' : 'NOT_SERVING';
    this.health.setStatus('', status);
    this.health.setStatus(this.serviceName, status);
  }

  get isServing(): boolean {
    return this.serving;
  }

  async close(): Promise<void> {
    this.isClosing = true;
    this.setServing(false);
    const timer = setTimeout(() => this.server.forceShutdown(), DRAIN_MS);
    await new Promise<void>((resolve) => this.server.tryShutdown(() => resolve()));
    clearTimeout(timer);
  }
}
