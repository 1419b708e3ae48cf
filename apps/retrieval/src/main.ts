import { keepRequestsYoung, serviceMain } from '@watchnext/service';
import { retrievalSettings } from './config';
import { startRetrieval } from './start';

keepRequestsYoung();
serviceMain('retrieval', retrievalSettings, startRetrieval);
