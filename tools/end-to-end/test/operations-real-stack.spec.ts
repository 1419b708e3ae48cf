/** The same steps with the same programs, on servers. */
import { describeOperations } from './describe-operations';
import { hasRealStack, realStack } from './real-stack';

jest.setTimeout(600_000);

if (hasRealStack) describeOperations('Kafka, Redis and S3', realStack);
