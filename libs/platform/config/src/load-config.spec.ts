import { z } from 'zod';
import { ConfigError, loadConfig } from './load-config';
import { flag, port } from './settings';

describe('loadConfig', () => {
  const schema = z.object({ HTTP_PORT: port(3000), PRETTY: flag(false) });

  it('takes defaults for unset and empty variables', () => {
    expect(loadConfig(schema, { HTTP_PORT: '' })).toEqual({ HTTP_PORT: 3000, PRETTY: false });
  });

  it('converts what is set', () => {
    expect(loadConfig(schema, { HTTP_PORT: '8080', PRETTY: 'true' })).toEqual({ HTTP_PORT: 8080, PRETTY: true });
  });

  it('names every variable at fault at once and does not repeat values', () => {
    const load = () => loadConfig(schema, { HTTP_PORT: '70000', PRETTY: 'hunter2' });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(/HTTP_PORT[\s\S]*PRETTY/);
    expect(load).not.toThrow(/hunter2/);
  });
});
