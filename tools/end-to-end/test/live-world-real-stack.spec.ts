/** The same with the same programs, on servers. */
import { describeLiveWorld } from './describe-live-world';
import { hasRealStack, realStack } from './real-stack';

jest.setTimeout(600_000);

if (hasRealStack) describeLiveWorld('Kafka, Redis and S3', realStack);
