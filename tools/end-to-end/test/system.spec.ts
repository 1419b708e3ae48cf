import { describeSystem } from './describe-system';

jest.setTimeout(600_000);

describeSystem('the embedded drivers', async () => ({}));
