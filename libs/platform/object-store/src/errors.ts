import { PortError } from '@watchnext/errors';

export class ObjectStoreError extends PortError {}

export class ObjectNotFoundError extends ObjectStoreError {
  constructor(
    readonly key: string,
    options?: ErrorOptions,
  ) {
    super(`object ${key} does not exist`, 'object-not-found', false, options);
  }
}

/** A conditional write met another version than the one it was made for. */
export class ObjectConflictError extends ObjectStoreError {
  constructor(
    readonly key: string,
    options?: ErrorOptions,
  ) {
    super(`object ${key} was written by someone else`, 'object-conflict', true, options);
  }
}

export class ObjectStoreUnavailableError extends ObjectStoreError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'object-store-unavailable', true, options);
  }
}

/** What the system says of a disk here that takes nothing: its space, or somebody's share of it, used up; mounted to be read only. */
const UNWRITABLE_DISK = ['ENOSPC', 'EDQUOT', 'EROFS'];

/** The disk of this machine takes no more: no fault of the storage or the network, and no other try makes room. */
export class LocalDiskError extends ObjectStoreError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'local-disk', false, options);
  }
}

/** Whether it was the disk here that failed, as the system or this library says it. */
export function isDiskFailure(error: unknown): boolean {
  return (
    error instanceof LocalDiskError ||
    UNWRITABLE_DISK.includes((error as NodeJS.ErrnoException | undefined)?.code ?? '')
  );
}

/** Groups what the SDK and the disk throw by who must act. */
export function translate(what: string, key: string, error: unknown): ObjectStoreError {
  const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  if (isDiskFailure(error)) return new LocalDiskError(`could not ${what}: ${message}`, { cause: error });
  if (name === 'NoSuchBucket') {
    return new ObjectStoreError(`the bucket does not exist (${what})`, 'no-bucket', false, { cause: error });
  }
  if (name === 'NoSuchKey' || status === 404) return new ObjectNotFoundError(key, { cause: error });
  // 409: two conditional writes of one key at once, of which the server let the other one go first.
  if (status === 412 || status === 409) return new ObjectConflictError(key, { cause: error });
  if (status === 401 || status === 403 || name === 'CredentialsProviderError') {
    return new ObjectStoreError(
      `object storage refused to ${what}: check the credentials and their rights`,
      'not-authorised',
      false,
      { cause: error },
    );
  }
  return new ObjectStoreUnavailableError(`object storage could not ${what}: ${message}`, { cause: error });
}
