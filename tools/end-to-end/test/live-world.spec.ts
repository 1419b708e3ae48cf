import { describeLiveWorld } from './describe-live-world';

jest.setTimeout(300_000);

describeLiveWorld('the embedded drivers', async () => ({}));
