import { loadConfig } from '@watchnext/config';
import { runService } from '@watchnext/service';
import { ingestionSettings } from './config';
import { startIngestion } from './start';

void runService(() => startIngestion(loadConfig(ingestionSettings)));
