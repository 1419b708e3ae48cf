import { PortError } from './port-error';

class StoreError extends PortError {}

class StoreUnavailableError extends StoreError {
  constructor(options?: ErrorOptions) {
    super('the store cannot be reached', 'store-unavailable', true, options);
  }
}

it('is named after its class, and keeps its facts and its cause', () => {
  const cause = new Error('connection refused');
  const error = new StoreUnavailableError({ cause });
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ name: 'StoreUnavailableError', code: 'store-unavailable', retriable: true, cause });
  expect(String(error)).toBe('StoreUnavailableError: the store cannot be reached');
  expect(new StoreError('refused', 'refused', false).name).toBe('StoreError');
});
