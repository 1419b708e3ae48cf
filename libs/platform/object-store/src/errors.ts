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

/** Groups what the SDK throws by who must act. */
export function translate(what: string, key: string, error: unknown): ObjectStoreError {
  const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
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
