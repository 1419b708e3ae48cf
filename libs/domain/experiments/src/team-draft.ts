/**
 * Team-draft interleaving (Radlinski, Kurup, Joachims, CIKM 2008): two rankings take turns at picking their best item
 * that is not on the list yet; who picks first in each round is drawn. Every item counts for the team that picked it, so
 * two rankings are compared within one list, on one viewer.
 */
export interface DraftedItem<Item, Team> {
  readonly item: Item;
  readonly team: Team;
}

/**
 * @param flip true: the first team picks first in this round; called once a round in which both have something left
 * @returns up to `limit` items, each id once. Where one ranking runs out, the other goes on alone
 */
export function teamDraft<Item, Team>(
  first: { readonly team: Team; readonly ranking: readonly Item[] },
  second: { readonly team: Team; readonly ranking: readonly Item[] },
  idOf: (item: Item) => string,
  limit: number,
  flip: () => boolean,
): DraftedItem<Item, Team>[] {
  const drafted: DraftedItem<Item, Team>[] = [];
  const taken = new Set<string>();
  const next = [0, 0];
  const sides = [first, second];
  const best = (side: number): Item | undefined => {
    const { ranking } = sides[side];
    while (next[side] < ranking.length && taken.has(idOf(ranking[next[side]]))) next[side]++;
    return ranking[next[side]];
  };
  while (drafted.length < limit) {
    const both = best(0) !== undefined && best(1) !== undefined;
    const order = both && !flip() ? [1, 0] : [0, 1];
    let picked = false;
    for (const side of order) {
      const item = best(side);
      if (item === undefined || drafted.length === limit) continue;
      taken.add(idOf(item));
      drafted.push({ item, team: sides[side].team });
      picked = true;
    }
    if (!picked) break;
  }
  return drafted;
}
