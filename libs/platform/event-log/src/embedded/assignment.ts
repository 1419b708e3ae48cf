/**
 * Who should hold which partition. A pure function of the live members and of who holds what now, so that members
 * who see the same store come to the same answer without a leader.
 *
 * Shares differ by at most one, and a partition moves only where the balance asks for it: larger shares go to those
 * who already hold more, and whoever holds too many gives up the highest-numbered ones.
 *
 * @param holders live holder by partition
 * @returns the wanted owner of every partition, by partition; empty without members
 */
export function assignPartitions(
  partitionCount: number,
  members: readonly string[],
  holders: ReadonlyMap<number, string>,
): string[] {
  if (members.length === 0) return [];
  const held = new Map<string, number[]>(members.map((member) => [member, []]));
  for (let partition = 0; partition < partitionCount; partition++) {
    held.get(holders.get(partition) ?? '')?.push(partition);
  }
  const ranked = [...members].sort(
    (a, b) => (held.get(b)?.length ?? 0) - (held.get(a)?.length ?? 0) || (a < b ? -1 : 1),
  );
  const share = Math.floor(partitionCount / members.length);
  const withOneMore = partitionCount % members.length;

  const owners = new Array<string>(partitionCount);
  const room: string[] = [];
  ranked.forEach((member, rank) => {
    const quota = share + (rank < withOneMore ? 1 : 0);
    const kept = (held.get(member) ?? []).slice(0, quota);
    for (const partition of kept) owners[partition] = member;
    for (let free = kept.length; free < quota; free++) room.push(member);
  });
  for (let partition = 0; partition < partitionCount; partition++) owners[partition] ??= room.shift() as string;
  return owners;
}
