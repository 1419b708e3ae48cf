import { keepRequestsYoung, serviceMain } from '@watchnext/service';
import { rankingSettings } from './config';
import { startRanking } from './start';

keepRequestsYoung();
serviceMain('ranking', rankingSettings, startRanking);
