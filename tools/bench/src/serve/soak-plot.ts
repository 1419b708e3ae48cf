import { drawChart } from '@watchnext/plots';
import type { SoakFigures } from './soak-figures';

const MIB = 2 ** 20;

/** Private memory of the services over the soak, a point for each swap, as SVG. */
export function drawSoak(
  { trends }: Pick<SoakFigures, 'trends'>,
  { videos, rate, swapSeconds }: { readonly videos: number; readonly rate: number; readonly swapSeconds: number },
): string {
  const series = trends
    .filter(({ what }) => what.endsWith(': private bytes'))
    .map(({ what, bySwap }) => {
      const [service] = what.split(':') as [string];
      const points = bySwap.map((bytes, swap) => {
        const minutes = ((swap + 0.5) * swapSeconds) / 60;
        const mib = bytes / MIB;
        return { x: minutes, y: mib, label: `${service} after ${minutes.toFixed(1)} min: ${mib.toFixed(0)} MiB` };
      });
      return { name: service, points: points.filter(({ y }) => Number.isFinite(y)) };
    });
  return drawChart({
    title: `private memory, ${rate} requests a second, ${videos} videos, a snapshot every ${swapSeconds} s`,
    x: 'minutes',
    y: 'MiB, mean over a swap',
    series,
    width: 760,
    height: 420,
  });
}
