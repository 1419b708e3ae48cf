/** The same steps with the same programs, on servers. */
import { describeRestored } from './describe-restored';
import { hasRealStack, realStack } from './real-stack';

jest.setTimeout(600_000);

if (hasRealStack) describeRestored('Kafka, Redis and S3', realStack);
