import { loadConfig } from '@watchnext/config';
import { runService, startTracing } from '@watchnext/service';
import { ingestionSettings } from './config';
import { startIngestion } from './start';

void runService(async () => {
  const settings = loadConfig(ingestionSettings);
  const afterwards = await startTracing('ingestion', settings);
  return { ...(await startIngestion(settings)), afterwards };
});
