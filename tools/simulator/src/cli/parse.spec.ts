import { FROZEN } from '../parameters';
import { createCommand, isFrozen, worldFrom, type Actions } from './parse';

async function parse(line: string): Promise<{ command: string; options: Record<string, unknown> }> {
  let called: { command: string; options: Record<string, unknown> } | undefined;
  const take = (command: string) => async (options: object) => void (called = { command, options: { ...options } });
  const actions = Object.fromEntries(
    ['archive', 'check', 'describe', 'scores', 'live'].map((name) => [name, take(name)]),
  ) as unknown as Actions;
  const program = createCommand(actions);
  for (const each of [program, ...program.commands])
    each.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  await program.parseAsync(line.split(' '), { from: 'user' });
  return called!;
}

describe('the command line', () => {
  it('takes a frozen world as it is', async () => {
    const { command, options } = await parse('archive --data . --world small --workers 2');
    expect(command).toBe('archive');
    expect(options).toMatchObject({ data: '.', partitions: 4, workers: 2 });
    const flags = options as unknown as Parameters<typeof worldFrom>[0];
    expect(worldFrom(flags)).toEqual(FROZEN.small);
    expect(isFrozen(flags)).toBe(true);
  });

  it('takes a world that is frozen no more', async () => {
    const { options } = await parse('archive --data . --world small --users 50 --end 2026-01-05T00:00Z');
    const flags = options as unknown as Parameters<typeof worldFrom>[0];
    expect(worldFrom(flags)).toEqual({ ...FROZEN.small, viewerCount: 50, endMs: Date.UTC(2026, 0, 5) });
    expect(isFrozen(flags)).toBe(false);
  });

  it('takes rates and speeds', async () => {
    const { options } = await parse('live --data d --sessions-per-minute 0.5 --speed 30 --minutes 2 --api-key-file k');
    expect(options).toMatchObject({ sessionsPerMinute: 0.5, speed: 30, minutes: 2, uploadEvery: 15, apiKeyFile: 'k' });
  });

  it('takes the world of scores by its name or from a data folder', async () => {
    const named = await parse('scores --world small --from 2026-11-21T00:00Z --out f');
    expect(named.options).toMatchObject({ world: 'small', from: Date.UTC(2026, 10, 21), knowing: 'truth', every: 1 });
    const learned = await parse('scores --data d --knowing log --rounds 20 --every 3 --out f');
    expect(learned.options).toMatchObject({ data: 'd', knowing: 'log', rounds: 20, every: 3, out: 'f' });
  });

  it.each([
    ['scores --world small', /--out/],
    ['scores --knowing nothing --out f', /truth, log/],
    ['scores --world small --data d --out f', /--world.*--data/],
    ['scores --users 5 --data d --out f', /--data.*--users/],
    ['scores --from 7 --out f', /--from.*2026-11-21T00:00Z, by UTC where it names no zone/],
    ['archive --data . --end 7', /--end.*"now", or else it must be a date or a time/],
    ['scores --from soon --out f', /--from.*2026-11-21T00:00Z/],
    ['archive', /--data/],
    ['archive --data ', /--data.*empty/],
    ['scores --out f --data ', /--data.*empty/],
    ['live --data ', /--data.*empty/],
    ['archive --data s3://bucket', /--data.*path on this machine/],
    ['archive --data . --world tiny', /small, standard, large/],
    ['archive --data . --videos 2097153', /--videos.*from 1 to 2097152/],
    ['describe --videos 0', /--videos.*from 1 to 2097152/],
    ['archive --data . --workers 0', /whole number/],
    [`archive --data ${__filename}/d`, /--data.*cannot be made or written to \(ENOTDIR\)/],
    [`check --spill ${__filename}`, /--spill.*cannot be made or written to \(EEXIST\)/],
    [
      'archive --data . --end soon',
      /--end.*"now", or else it must be a date or a time as 2026-11-21 or 2026-11-21T00:00Z/,
    ],
    ['live --data d --speed -1', /above 0/],
    ['describe --svg /no/such/folder/plot.svg', /--svg.*cannot be written to \(ENOENT\)/],
    ['describe --json .', /--json.*is a folder/],
    ['rule', /unknown command/],
  ])('refuses "%s" and says why', async (line, why) => {
    await expect(parse(line)).rejects.toThrow(why);
  });
});
