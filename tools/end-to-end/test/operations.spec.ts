import { describeOperations } from './describe-operations';

jest.setTimeout(120_000);

describeOperations('the embedded drivers', async () => ({}));
