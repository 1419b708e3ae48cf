/** Sends again what a client kept as too old. */
import { Event } from '@watchnext/contract';
import { withOwned } from '@watchnext/waiting';
import { callBack } from './call-back';
import { EventTooLargeError } from './errors';
import { type ProducerClientOptions, type ProducerStatistics, withDefaults } from './options';
import { ProducerClient } from './producer-client';
import { Spool } from './spool';
import { tooOldFolder } from './too-old';

/**
 * Sends what a client kept, as backfill, while that client's program is stopped: one that is started meanwhile finds its spool in
 * use. What is answered goes from the disk, so after an error the same call goes on where it stopped. Events that are refused for
 * another reason go to `onRejected`, and no further.
 *
 * @param options as those of the client; `spoolDirectory` is its folder
 * @throws SpoolInUseError while the client lives; SpoolError; ProducerOptionError; UndeliveredEventsError where a buffer full of
 *   them is not taken within `timeoutMs` (default 60,000)
 */
export async function replayTooOld(
  options: ProducerClientOptions & { readonly spoolDirectory: string },
  timeoutMs = 60_000,
): Promise<ProducerStatistics> {
  const { spoolDirectory, ...others } = options;
  return withOwned(async (own) => {
    // The client's own lock: that of what it kept is taken by one that has kept something only.
    own(await Spool.claim(spoolDirectory));
    const kept = own(
      await Spool.open({
        directory: tooOldFolder(spoolDirectory),
        limitBytes: Infinity,
        onDamaged: (error) => callBack(() => options.onError?.(error, undefined)),
      }),
    );
    const client = new ProducerClient(others);
    own({ close: () => client.close(0).catch(() => undefined) });
    const tooLargeCount = await sendAll(kept, client, others, timeoutMs);
    const statistics = client.statistics();
    return { ...statistics, rejectedEvents: statistics.rejectedEvents + tooLargeCount };
  });
}

/** @returns how many are too large */
async function sendAll(
  kept: Spool,
  client: ProducerClient,
  options: ProducerClientOptions,
  timeoutMs: number,
): Promise<number> {
  // No more than the buffer has room for: a `send` that waits for room would wait without a bound.
  const { maxBufferedEvents, maxBufferedBytes } = withDefaults(options);
  let tooLargeCount = 0;
  while (!kept.isEmpty) {
    const { records, end } = await kept.read(maxBufferedEvents, maxBufferedBytes / 2);
    for (const record of records) {
      const event = { ...Event.decode(record), backfill: true };
      try {
        await client.send(event);
      } catch (error) {
        // That it is a backfill takes two bytes more: it would hold up all behind it for ever.
        if (!(error instanceof EventTooLargeError)) throw error;
        tooLargeCount += 1;
        const { code, message: reason } = error;
        callBack(() => options.onRejected?.({ event, code, reason }));
      }
    }
    await client.flush(timeoutMs);
    await kept.advance(records.length, end);
  }
  return tooLargeCount;
}
