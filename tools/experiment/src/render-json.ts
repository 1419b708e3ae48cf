/** JSON has no NaN and no infinity: what could not be measured becomes null, so that it cannot pass for a number. */
export function renderJson(value: unknown): string {
  const plain = (_key: string, item: unknown) => (typeof item === 'number' && !Number.isFinite(item) ? null : item);
  return `${JSON.stringify(value, plain, 2)}\n`;
}
