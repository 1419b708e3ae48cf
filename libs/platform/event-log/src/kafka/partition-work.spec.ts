import { PartitionWork } from './partition-work';

const gate = () => {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
};

describe('PartitionWork', () => {
  it('lets what comes after wait for the partition’s work, and not for another’s', async () => {
    const work = new PartitionWork();
    const batch = gate();
    const order: string[] = [];
    void work.track(0, batch.opened.then(() => void order.push('batch')));
    const revoked = work.after(0, async () => void order.push('revoked'));
    const next = work.settled(0).then(() => order.push('next'));
    await work.settled(1);
    expect(order).toEqual([]);
    batch.open();
    await Promise.all([revoked, next]);
    expect(order).toEqual(['batch', 'revoked', 'next']);
  });

  it('goes on after work that failed', async () => {
    const work = new PartitionWork();
    work.track(0, Promise.reject(new Error('told to fail'))).catch(() => undefined);
    const ran = jest.fn(async () => undefined);
    await work.after(0, ran);
    await work.allSettled();
    expect(ran).toHaveBeenCalled();
  });
});
