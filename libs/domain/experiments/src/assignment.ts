/**
 * Who is in which experiment, and in which variant of it: a pure function of salts, names and the user's id, so it is the
 * same in every process and needs no store.
 *
 * Two points of [0, 1) decide, drawn by hashing: one of the user in the layer, which says which of the layer's experiments
 * (their parts are disjoint) may have the user at all, and one of the user in the experiment, which says the variant. The
 * points are independent of each other and of those of any other experiment.
 */
import type { Experiment, ExperimentsFile, Variant } from './definition';
import { hashPoint } from './hash-point';
import type { Serving } from './serving';
import { shareAt, type Stretch, stretchesOf } from './shares';
import { isRunning, runTogether } from './validate';

/** What audience rules look at. */
export interface AudienceFacts {
  readonly surface: string;
  readonly country: string;
  readonly device: string;
  readonly loggedIn: boolean;
  /** Playbacks of the user ever. */
  readonly watchCount: number;
}

export interface Assignment {
  readonly experiment: Experiment;
  readonly variant: Variant;
  /** A tester's choice, not the hash's. */
  readonly overridden: boolean;
}

export class Assigner {
  private readonly layerSalts: ReadonlyMap<string, string>;
  private readonly stretches: ReadonlyMap<Experiment, Stretch[][]>;
  private readonly testersOfOthers: ReadonlyMap<Experiment, ReadonlySet<string>>;

  constructor(private readonly file: ExperimentsFile) {
    this.layerSalts = new Map(file.layers.map(({ name, salt }) => [name, salt]));
    this.stretches = new Map(
      file.experiments.map((experiment) => [
        experiment,
        stretchesOf(experiment.variants.map((variant) => variant.share)),
      ]),
    );
    this.testersOfOthers = new Map(
      file.experiments.map((experiment) => [experiment, testersOfOthers(experiment, file)]),
    );
  }

  /** Of all experiments that run at `atMs` and whose audience the request fits: at most one of each layer. */
  assign(userId: string, facts: AudienceFacts, atMs: number): Assignment[] {
    return this.file.experiments.flatMap((experiment) => {
      if (!isRunning(experiment, atMs) || !fits(experiment, facts)) return [];
      const assignment = this.within(experiment, userId);
      return assignment ? [assignment] : [];
    });
  }

  /** The variant of a user, whatever the time and the audience; undefined for a user who is in none. */
  within(experiment: Experiment, userId: string): Assignment | undefined {
    const { testers, variants } = experiment;
    const chosen = Object.hasOwn(testers, userId) ? testers[userId] : undefined;
    if (chosen !== undefined) {
      const variant = variants.find(({ name }) => name === chosen);
      return variant && { experiment, variant, overridden: true };
    }
    if (this.isTesterOfAnother(experiment, userId)) return undefined;
    if (!this.isInPart(experiment, userId)) return undefined;
    const index = shareAt(this.stretches.get(experiment)!, variantPoint(experiment, userId));
    return index === undefined ? undefined : { experiment, variant: variants[index], overridden: false };
  }

  /** Whether the user sees what another experiment of the layer serves, at some of the same time, because the file names it so. */
  isTesterOfAnother(experiment: Experiment, userId: string): boolean {
    return this.testersOfOthers.get(experiment)!.has(userId);
  }

  /** Whether the experiment's part of its layer has the user. */
  private isInPart({ layer, layerPart: [from, to] }: Experiment, userId: string): boolean {
    // All points are in [0, 1): where the part is all of it, none need be drawn.
    if (from === 0 && to === 1) return true;
    const point = hashPoint('layer', this.layerSalts.get(layer) ?? '', layer, userId);
    return point >= from && point < to;
  }
}

/**
 * Testers of experiments that share the layer and some of the time. They see what those serve, whatever their hash says, so they
 * count in none of the layer's other experiments.
 */
function testersOfOthers(experiment: Experiment, file: ExperimentsFile): ReadonlySet<string> {
  const others = file.experiments.filter(
    (other) => other !== experiment && other.layer === experiment.layer && runTogether(experiment, other),
  );
  return new Set(others.flatMap(({ testers }) => Object.keys(testers)));
}

function variantPoint({ salt, name }: Experiment, userId: string): number {
  return hashPoint('variant', salt, name, userId);
}

/** What a request with these assignments is served with. Layers do not set the same parameter: the file was checked. */
export function servingOf(assignments: readonly Assignment[]): Serving {
  return Object.assign({}, ...assignments.map(({ variant }) => variant.serving)) as Serving;
}

function fits({ audience }: Experiment, facts: AudienceFacts): boolean {
  const { surfaces, countries, devices, loggedIn, minimumWatchCount, maximumWatchCount } = audience;
  return (
    (surfaces === undefined || surfaces.includes(facts.surface)) &&
    (countries === undefined || countries.includes(facts.country)) &&
    (devices === undefined || devices.includes(facts.device)) &&
    (loggedIn === undefined || loggedIn === facts.loggedIn) &&
    (minimumWatchCount === undefined || facts.watchCount >= minimumWatchCount) &&
    (maximumWatchCount === undefined || facts.watchCount <= maximumWatchCount)
  );
}
