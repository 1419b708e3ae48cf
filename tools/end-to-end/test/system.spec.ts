import { describeSystem } from './describe-system';

jest.setTimeout(240_000);

describeSystem('the embedded drivers', async () => ({}));
