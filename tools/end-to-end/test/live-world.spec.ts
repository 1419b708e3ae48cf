import { describeLiveWorld } from './describe-live-world';

jest.setTimeout(600_000);

describeLiveWorld('the embedded drivers', async () => ({}));
