/**
 * Settings of a model that are not to be the defaults for the size of the data, from a JSON object.
 *
 * @param example that a message may show
 * @param known names of the settings that there are
 * @param check throws for a value that is out of range
 * @throws Error naming the setting that is not known or out of range
 */
export function parseModelChange<Config>(
  text: string,
  example: string,
  known: readonly string[],
  check: (change: Partial<Config>) => void,
): Partial<Config> {
  let change: unknown;
  try {
    change = JSON.parse(text);
  } catch {
    throw new Error(`it is not JSON; write ${example}`);
  }
  if (change === null || typeof change !== 'object' || Array.isArray(change)) {
    throw new Error(`it is not a JSON object; write ${example}`);
  }
  const unknown = Object.keys(change).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`there is no setting "${unknown}"; there are ${known.join(', ')}`);
  check(change as Partial<Config>);
  return change as Partial<Config>;
}
