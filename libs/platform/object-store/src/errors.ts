export class ObjectStoreError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly retriable: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class ObjectNotFoundError extends ObjectStoreError {
  constructor(readonly key: string, options?: ErrorOptions) {
    super(`object ${key} does not exist`, 'object-not-found', false, options);
  }
}

/** A conditional write met another version than the one it was made for. */
export class ObjectConflictError extends ObjectStoreError {
  constructor(readonly key: string, options?: ErrorOptions) {
    super(`object ${key} was written by someone else`, 'object-conflict', true, options);
  }
}

export class ObjectStoreUnavailableError extends ObjectStoreError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'object-store-unavailable', true, options);
  }
}
