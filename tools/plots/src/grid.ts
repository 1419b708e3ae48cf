/** Several charts in one picture. */
import { type Chart, chartBody } from './chart';
import { at, picture } from './svg';

export function chartGrid(title: string, charts: readonly Chart[], columns = 2): string {
  const drawn = charts.map(chartBody);
  const width = Math.max(...drawn.map((one) => one.width));
  const height = Math.max(...drawn.map((one) => one.height));
  const body = drawn.flatMap((one, i) => [
    `<g transform="translate(${at((i % columns) * width)} ${at(Math.floor(i / columns) * height)})">`,
    ...one.body,
    '</g>',
  ]);
  return picture(Math.min(columns, charts.length) * width, Math.ceil(charts.length / columns) * height, title, body);
}
