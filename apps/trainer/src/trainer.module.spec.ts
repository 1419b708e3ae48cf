import { NestFactory } from '@nestjs/core';
import { loadConfig } from '@watchnext/config';
import type { EventLog } from '@watchnext/event-log';
import { temporaryDirectory } from '@watchnext/testing';
import { trainerSettings } from './settings';
import { TOKENS, TrainerModule } from './trainer.module';
import { TrainingRunner } from './training-runner';

describe('the trainer', () => {
  it('is ready to train while no broker answers', async () => {
    const data = await temporaryDirectory('trainer-module');
    const settings = loadConfig(trainerSettings, {
      WATCHNEXT_DATA_DIR: data.path,
      WATCHNEXT_LOG_LEVEL: 'silent',
      WATCHNEXT_TENSOR_BACKEND: 'wasm',
      WATCHNEXT_EVENT_LOG: 'kafka',
      WATCHNEXT_KAFKA_BROKERS: '127.0.0.1:9',
      WATCHNEXT_KAFKA_REQUEST_TIMEOUT_MS: '500',
    });
    const options = { logger: false, abortOnError: false } as const;
    const app = await NestFactory.createApplicationContext(TrainerModule.register(settings), options);
    expect(app.get(TrainingRunner)).toBeInstanceOf(TrainingRunner);
    const openLog = app.get<() => Promise<EventLog>>(TOKENS.openLog);
    await expect(openLog()).rejects.toMatchObject({ code: 'log-unavailable' });
    await app.close();
    await data.remove();
  });
});
