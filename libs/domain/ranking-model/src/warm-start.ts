/**
 * Begins a training where an earlier model ended (docs/decisions/0125):
 *
 * - Rows of ids that both know are copied, whatever their place; new ids keep the values that they were drawn with, and ids that
 *   are gone are left behind. A table never gets fewer dimensions than it had: dimensions that are new begin without a say.
 * - Hidden layers and heads are copied.
 * - Weights of numbers are carried over to the quantiles of the new training. The same raw value lies elsewhere among these, so
 *   copied weights would say something else of it: see `QuantileBridge`.
 *
 * So, before its first step, the new model says of what both know about what the earlier one said.
 */
import type { DenseLayer, EmbeddingTable, Vocabulary } from '@watchnext/learning';
import { crossBucketsOf, hasClickHead, type RankingModelConfig } from './config';
import { withoutCrosses } from './crosses';
import { type Member, unfoldMembers } from './ensemble';
import { formOf, layOut, tableNames, type InputLayout } from './input-layout';
import { bridgeQuantiles } from './quantile-bridge';
import type { QuantileMap } from './quantiles';
import type { ModelIngredients } from './ingredients';

/** How a training that was given an earlier model began. */
export interface RankingWarmStart {
  readonly began: 'warm' | 'cold';
  /** Why not with the earlier model. */
  readonly reason?: string;
  /** Of the videos of the new model, those that the earlier one had a row for. */
  readonly copiedVideos: number;
  readonly newVideos: number;
  /** Of the number that fits worst: root mean square, over its distribution, of what its columns differ by once carried over. */
  readonly bridgeError: number;
}

/** @returns what of the form differs, so that weights would be read wrongly; undefined where nothing does */
export function differenceOfForms(earlier: RankingModelConfig, config: RankingModelConfig): string | undefined {
  const forms = [earlier, config].map((one): Record<string, unknown> => ({
    objective: one.objective,
    clickHead: hasClickHead(one),
    hiddenSizes: one.hiddenSizes.join('→'),
    members: one.members,
    powers: one.powers,
    searches: one.searches ?? 'none',
    crosses: one.crosses?.join() ?? 'none',
    crossBuckets: crossBucketsOf(one),
  }));
  const name = Object.keys(forms[0]).find((setting) => forms[0][setting] !== forms[1][setting]);
  return name && `another form: ${name} was ${String(forms[0][name])} and is ${String(forms[1][name])}`;
}

/** The trainings that an earlier model is made of, one by one, and how their rows are laid out. */
export interface EarlierMembers {
  readonly members: readonly Member[];
  readonly layout: InputLayout;
  readonly vocabularies: readonly Vocabulary[];
  readonly quantiles: readonly QuantileMap[];
  /** Weights of pairs: the mean of all members'. Hashes are the same from model to model. */
  readonly crosses: EmbeddingTable | undefined;
}

export function earlierMembersOf(ingredients: ModelIngredients): EarlierMembers {
  const { config, tables, tower: served, quantiles, vocabularies, crosses } = ingredients;
  const whole = tables.map((table) => table.dimensions);
  const [without, withThem] = [false, true].map((has) => layOut(whole, quantiles, formOf(config, has)));
  const tower = crosses ? withoutCrosses(served, without, withThem) : served;
  const dimensions = whole.map((width) => width / config.members);
  const layout = layOut(dimensions, quantiles, formOf(config, false));
  return {
    members: unfoldMembers({ tables, tower }, config.members, layout, quantiles),
    layout,
    vocabularies,
    quantiles,
    crosses,
  };
}

/** What the members of a new training begin with. */
export interface NewTraining {
  readonly layout: InputLayout;
  readonly vocabularies: readonly Vocabulary[];
  readonly quantiles: readonly QuantileMap[];
}

/** Carries weights from the rows of an earlier model to those of a new one. */
export class WarmStart {
  readonly report: RankingWarmStart;
  private readonly firstLayer: (earlier: DenseLayer, into: DenseLayer) => void;

  constructor(
    private readonly earlier: EarlierMembers,
    private readonly to: NewTraining,
  ) {
    const bridges = to.quantiles.map((quantiles, i) =>
      bridgeQuantiles(earlier.quantiles[i], quantiles, to.layout.powers),
    );
    this.firstLayer = (from, into) => {
      into.weights.fill(0);
      into.bias.set(from.bias);
      copyEmbeddingColumns(earlier.layout, to.layout, from, into);
      bridges.forEach((bridge, number) => {
        bridge.carry(from, earlier.layout.numberColumns[number], into, to.layout.numberColumns[number]);
      });
    };
    const videos = tableNames(to.layout).indexOf('videos');
    const [before, now] = [earlier.vocabularies[videos], to.vocabularies[videos]];
    const copiedVideos = now.ids.reduce((count, id) => count + (before.indexOf(id) > 0 ? 1 : 0), 0);
    this.report = {
      began: 'warm',
      copiedVideos,
      newVideos: now.size - copiedVideos,
      bridgeError: bridges.reduce((most, { error }) => Math.max(most, error), 0),
    };
  }

  /** Overwrites what the earlier model's member knows, in tables and tower that were drawn at random. */
  begin(member: number, { tables, tower, crosses }: Member): void {
    const from = this.earlier.members[member];
    if (this.earlier.crosses) crosses?.values.set(this.earlier.crosses.values);
    tables.forEach((table, i) => {
      copyRows(from.tables[i], this.earlier.vocabularies[i], table, this.to.vocabularies[i]);
    });
    tower.forEach((layer, i) => {
      if (i === 0) return this.firstLayer(from.tower[0], layer);
      layer.weights.set(from.tower[i].weights);
      layer.bias.set(from.tower[i].bias);
    });
  }

  /** Everything that the start depends on, for telling trainings apart. */
  arrays(): Float32Array[] {
    const { members, crosses } = this.earlier;
    return [
      ...members.flatMap(({ tables, tower }) => [
        ...tables.map(({ values }) => values),
        ...tower.flatMap(({ weights, bias }) => [weights, bias]),
      ]),
      ...(crosses ? [crosses.values] : []),
    ];
  }
}

/** The first dimensions of a row are the earlier ones. */
function copyRows(from: EmbeddingTable, before: Vocabulary, into: EmbeddingTable, now: Vocabulary): void {
  now.ids.forEach((id, i) => {
    const row = before.indexOf(id);
    if (row === 0) return;
    const start = row * from.dimensions;
    into.values.set(from.values.subarray(start, start + from.dimensions), (i + 1) * into.dimensions);
  });
}

function copyEmbeddingColumns(earlier: InputLayout, now: InputLayout, from: DenseLayer, into: DenseLayer): void {
  const width = from.outputSize;
  earlier.embeddings.forEach(({ table, from: column }, input) => {
    const size = earlier.tableDimensions[table] * width;
    const start = column * width;
    into.weights.set(from.weights.subarray(start, start + size), now.embeddings[input].from * width);
  });
}
