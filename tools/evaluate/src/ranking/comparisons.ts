/** Scorers against each other on the same pages: forms of the model against the default, and against a peer. */
import { type CountedImpression, type IndexSource, type Page, weightedPerUserLoss } from '@watchnext/evaluation';
import { acrossSeeds, compareRows, ratioOf } from '../paper/verdict';
import type { FormComparison, PeerComparison } from './report';
import type { Scorer } from './scorers';
import type { RankingVariant } from './variants';

/** Differences and ratios, the seeds of a form and an order together; a peer has no seeds. */
export function peerComparisonsOf(
  scorers: readonly Scorer[],
  impressions: readonly CountedImpression[],
  pages: readonly Page[],
  random: IndexSource,
): PeerComparison[] {
  const rowsOf = ({ scores }: Scorer) => [...weightedPerUserLoss(impressions, pages, scores).rows()];
  const forms = new Map<string, Scorer[]>();
  for (const scorer of scorers.filter(({ kind }) => kind === 'model')) {
    const key = `${scorer.name}\n${scorer.orders}`;
    forms.set(key, [...(forms.get(key) ?? []), scorer]);
  }
  const peers = scorers.filter(({ kind }) => kind === 'peer');
  return [...forms.values()].flatMap((seeds) => {
    const bySeed = seeds.map(rowsOf);
    return peers.map((peer): PeerComparison => {
      const its = bySeed.map(() => rowsOf(peer));
      const lossBySeed = bySeed.map((rows) => ratioOf([rows]).value());
      const peerLoss = ratioOf([its[0]]).value();
      const times = ratioOf(bySeed).over(ratioOf(its));
      const { low, high } = times.interval(random, { resampleCount: 1_000 });
      const acrossSeeds95 = acrossSeeds(lossBySeed.map((loss) => loss / peerLoss));
      return {
        form: seeds[0].name,
        orders: seeds[0].orders,
        peer: peer.name,
        peerOrders: peer.orders,
        lossBySeed,
        peerLoss,
        times: { value: times.value(), interval95: [low, high], ...(acrossSeeds95 ? { acrossSeeds95 } : {}) },
        ...compareRows(its, bySeed, true, random),
      };
    });
  });
}

/** The first variant is the default; the first order of each is the one that is served. */
export function comparisonsOf(
  scorers: readonly Scorer[],
  [standing, ...others]: readonly RankingVariant[],
  impressions: readonly CountedImpression[],
  pages: readonly Page[],
  random: IndexSource,
): FormComparison[] {
  const lossesOf = (variant: RankingVariant) => {
    const rows = scorers.filter(({ name, kind, config }) => name === variant.name && kind === 'model' && config);
    return rows.map(({ scores }) => weightedPerUserLoss(impressions, pages, scores));
  };
  const defaults = lossesOf(standing);
  return others.map((variant) => {
    const losses = lossesOf(variant);
    const [ours, theirs] = [losses, defaults].map((ratios) => ratios.map((ratio) => [...ratio.rows()]));
    return {
      form: variant.name,
      lossBySeed: losses.map((loss) => loss.value()),
      defaultLossBySeed: defaults.map((loss) => loss.value()),
      ...compareRows(ours, theirs, true, random),
    };
  });
}
