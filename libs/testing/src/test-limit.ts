/** For Jest: of a spec that trains, or waits for `eventually` on a busy machine. */
export const TEST_LIMIT_MS = 180_000;
