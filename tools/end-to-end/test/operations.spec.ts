import { describeOperations } from './describe-operations';

jest.setTimeout(600_000);

describeOperations('the embedded drivers', async () => ({}));
