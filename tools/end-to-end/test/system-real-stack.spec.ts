/** The same steps with the same programs, on servers. */
import { describeSystem } from './describe-system';
import { hasRealStack, realStack } from './real-stack';

jest.setTimeout(600_000);

if (hasRealStack) describeSystem('Kafka, Redis and S3', realStack);
