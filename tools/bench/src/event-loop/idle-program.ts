/** An idle process that tells every second how late its event loop was at worst: what is the machine's doing, and no service's. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
setInterval(() => {
  process.send?.(delay.max / 1e6 - 1);
  delay.reset();
}, 1_000);
// Whoever listened is gone: nobody would stop it.
process.on('disconnect', () => process.exit(0));
