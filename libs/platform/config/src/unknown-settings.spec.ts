import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { unknownSettings } from './unknown-settings';

describe('unknown settings', () => {
  it('are told with the known name that is nearest', () => {
    expect(
      unknownSettings({
        WATCHNEXT_TRAINIG_DAYS: '3',
        WATCHNEXT_KAFKA_NAMESPCE: 'a',
        WATCHNEXT_S3_PREFX: 'b',
        WATCHNEXT_OF_OUR_OWN: 'c',
      }),
    ).toEqual([
      expect.stringMatching(/^WATCHNEXT_KAFKA_NAMESPCE .*: is WATCHNEXT_KAFKA_NAMESPACE meant\?$/),
      'WATCHNEXT_OF_OUR_OWN is no setting that anything here knows, and is ignored',
      expect.stringMatching(/^WATCHNEXT_S3_PREFX .*: is WATCHNEXT_S3_PREFIX meant\?$/),
      expect.stringMatching(/^WATCHNEXT_TRAINIG_DAYS .*: is WATCHNEXT_TRAINING_DAYS meant\?$/),
    ]);
  });

  it('are none of another program, of other software, and of what Kubernetes sets beside a Service', () => {
    expect(
      unknownSettings({
        WATCHNEXT_TRAINING_DAYS: '3',
        WATCHNEXT_SEARCH_QUEUE: '3',
        PATH: '/bin',
        WATCHNEXT_GATEWAY_SERVICE_HOST: '10.0.0.1',
        WATCHNEXT_GATEWAY_PORT: 'tcp://10.0.0.1:7000',
        WATCHNEXT_GATEWAY_PORT_7000_TCP_ADDR: '10.0.0.1',
      }),
    ).toEqual([]);
  });

  it('are warned of once in a process', () => {
    const config = JSON.stringify(join(__dirname, '..', 'dist', 'index.js'));
    const program = `const c = require(${config}); c.loadDriverSettings(); c.loadDriverSettings(); c.loadDriverSettings({ WATCHNEXT_X: '1' });`;
    const { status, stderr } = spawnSync(process.execPath, ['-e', program], {
      encoding: 'utf8',
      env: { ...process.env, WATCHNEXT_DATA_DRI: 'x' },
    });
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringMatching(/^warning: WATCHNEXT_DATA_DRI .*: is WATCHNEXT_DATA_DIR meant\?\n$/),
    });
  });
});
