import { serviceMain } from '@watchnext/service';
import { yieldToOthers, YIELDS } from '@watchnext/threads';
import { ingestionSettings } from './config';
import { startIngestion } from './start';

// Where it shares its processors with services that viewers wait for: folding and archiving come in bursts.
yieldToOthers(YIELDS.somewhat);
serviceMain('ingestion', ingestionSettings, startIngestion);
