/**
 * A block of specs that start servers of their own. Where something for that is missing it is shown as skipped, by
 * what is missing; under CI=true it fails.
 *
 * @param missing as `missingForStack` tells it
 */
export function describeUnlessMissing(missing: readonly string[], name: string, specs: () => void): void {
  describe(name, () => {
    if (missing.length === 0) return specs();
    const needs = `needs ${missing.join(', ')}`;
    if (process.env['CI'] !== 'true') return it.skip(needs, () => undefined);
    it(needs, () => {
      throw new Error(`${needs}, and CI=true allows no skipping`);
    });
  });
}

/**
 * The address of a real server, from the environment, for specs that run on one.
 *
 * Without it the spec is shown as skipped, by the server's name; under CI=true it fails, since there `.ci/run` has to
 * bring the servers up.
 */
export function requireServer(server: string, variable: string): string | undefined {
  const address = process.env[variable];
  if (address) return address;
  const name = `needs ${server}: set ${variable}, or run npm run stack:up and export what it prints`;
  if (process.env['CI'] === 'true') {
    it(name, () => {
      throw new Error(`${variable} is not set, and CI=true allows no skipping`);
    });
  } else {
    it.skip(name, () => undefined);
  }
  return undefined;
}
