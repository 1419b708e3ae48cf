import { temporaryDirectory } from '@watchnext/testing';
import { withWorkFolder } from './work-folder';

describe('a folder of worlds', () => {
  let directory: { path: string; remove(): Promise<void> };

  beforeEach(async () => (directory = await temporaryDirectory('bench-work')));
  afterEach(() => directory.remove());

  it('is for one bench at a time: a second says who has it, and what to do', async () => {
    const { path } = directory;
    const second = jest.fn(async () => 'second');
    await withWorkFolder(path, async () => {
      const said = `--work ${path} is in use by another bench -- serve or soak (process ${process.pid}): wait for its end, or give another`;
      await expect(withWorkFolder(path, second)).rejects.toThrow(said);
    });
    expect(second).not.toHaveBeenCalled();
    expect(await withWorkFolder(path, second)).toBe('second');
  });

  it('is free again after a bench that failed', async () => {
    const failing = withWorkFolder(directory.path, () => Promise.reject(new Error('no Redis')));
    await expect(failing).rejects.toThrow('no Redis');
    expect(await withWorkFolder(directory.path, async () => 'next')).toBe('next');
  });
});
