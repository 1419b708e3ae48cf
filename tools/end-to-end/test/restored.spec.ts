import { describeRestored } from './describe-restored';

jest.setTimeout(600_000);

describeRestored('the embedded drivers', async () => ({}));
