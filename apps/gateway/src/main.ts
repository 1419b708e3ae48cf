import { keepRequestsYoung, serviceMain } from '@watchnext/service';
import { gatewaySettings } from './config';
import { startGateway } from './start';

keepRequestsYoung();
serviceMain('gateway', gatewaySettings, startGateway);
