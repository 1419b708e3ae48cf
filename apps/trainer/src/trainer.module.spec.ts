import { NestFactory } from '@nestjs/core';
import { loadConfig } from '@watchnext/config';
import type { EventLog } from '@watchnext/event-log';
import { createLogger, nestOptions } from '@watchnext/service';
import { temporaryDirectory } from '@watchnext/testing';
import { trainerSettings } from './settings';
import { OPEN_LOG } from './tokens';
import { TrainerModule } from './trainer.module';
import { TrainingRunner } from './training-runner';

describe('the trainer', () => {
  it('is ready to train while no broker answers', async () => {
    const data = await temporaryDirectory('trainer-module');
    const settings = loadConfig(trainerSettings, {
      WATCHNEXT_DATA_DIR: data.path,
      WATCHNEXT_TENSOR_BACKEND: 'wasm',
      WATCHNEXT_EVENT_LOG: 'kafka',
      WATCHNEXT_KAFKA_BROKERS: '127.0.0.1:9',
      WATCHNEXT_KAFKA_REQUEST_TIMEOUT_MS: '500',
    });
    const logger = createLogger('trainer', { level: 'silent', format: 'json' });
    const app = await NestFactory.createApplicationContext(TrainerModule.with(settings, logger), nestOptions(logger));
    expect(app.get(TrainingRunner)).toBeInstanceOf(TrainingRunner);
    const openLog = app.get<() => Promise<EventLog>>(OPEN_LOG);
    await expect(openLog()).rejects.toMatchObject({ code: 'log-unavailable' });
    await app.close();
    await data.remove();
  });
});
