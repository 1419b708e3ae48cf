import { loadConfig } from '@watchnext/config';
import { runService, startTracing } from '@watchnext/service';
import { yieldToOthers, YIELDS } from '@watchnext/threads';
import { ingestionSettings } from './config';
import { startIngestion } from './start';

// Where it shares its processors with services that viewers wait for: folding and archiving come in bursts.
yieldToOthers(YIELDS.somewhat);

void runService(async (stopping) => {
  const settings = loadConfig(ingestionSettings);
  const afterwards = await startTracing('ingestion', settings);
  return { ...(await startIngestion(settings, stopping)), afterwards };
});
