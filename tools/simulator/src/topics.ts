/** What the world's videos are about, in the words that titles and searches use. Words belong to one topic each. */
export interface Topic {
  readonly name: string;
  readonly words: readonly string[];
  /** Age in years at which the topic is liked best; profiles say something about taste this way. */
  readonly centreAgeYears: number;
}

const topic = (name: string, centreAgeYears: number, words: string): Topic => ({
  name,
  centreAgeYears,
  words: words.split(' '),
});

export const TOPICS_OF_THE_WORLD: readonly Topic[] = [
  topic('cooking', 45, 'recipe pasta baking soup oven spice dinner sourdough'),
  topic('football', 25, 'goal striker derby penalty league coach stadium offside'),
  topic('gaming', 19, 'speedrun boss loot quest arcade console respawn pixel'),
  topic('music', 24, 'guitar chorus drummer vinyl melody concert piano remix'),
  topic('travel', 38, 'train island hostel market harbour passport sunrise itinerary'),
  topic('science', 35, 'quantum telescope enzyme volcano gravity neuron comet fossil'),
  topic('gardening', 58, 'tomato pruning compost orchard seedling greenhouse rose mulch'),
  topic('fitness', 30, 'squat stretching marathon kettlebell interval mobility sprint core'),
  topic('history', 55, 'empire castle treaty viking archive revolution medieval coin'),
  topic('programming', 28, 'compiler typescript kernel debugger algorithm refactor database terminal'),
  topic('film', 33, 'director trailer scene noir screenplay sequel animation soundtrack'),
  topic('cars', 40, 'engine gearbox rally turbo restoration brakes hybrid track'),
  topic('wildlife', 48, 'otter eagle savanna reef wolf migration penguin camouflage'),
  topic('crafts', 50, 'knitting woodwork pottery origami embroidery lathe leather quilt'),
  topic('money', 42, 'budget mortgage dividend pension inflation tax savings startup'),
  topic('comedy', 22, 'sketch prank parody improv standup blooper satire impression'),
];

export const COUNTRIES = ['DE', 'FR', 'IN', 'BR', 'US'] as const;
export const DEVICES = ['phone', 'desktop', 'tv'] as const;
export type Device = (typeof DEVICES)[number];
