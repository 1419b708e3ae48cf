export { COUNTRIES, DEVICES, type Device, type Topic } from './topics';
export { DAY_MS, DEFAULT_WORLD, World, type Channel, type Video, type Viewer, type WorldOptions } from './world';
export { newMemories, ViewerMemory } from './memory';
export { Truth, type PageOutcome } from './truth';
export { generateHistory, type History } from './history';
export { Popularity } from './front-page';
export {
  chooseViewers,
  evaluateLists,
  formatEvaluation,
  popularityProvider,
  randomProvider,
  type EvaluateOptions,
  type ListEvaluation,
  type ListProvider,
} from './evaluate';
export { EventFactory, PRODUCER } from './events';
export {
  GatewayClient,
  GatewayError,
  type RecommendationItem,
  type Recommendations,
  type RecommendationsQuery,
} from './gateway-client';
export { LiveSimulator, type LiveCounts, type LiveOptions } from './live';
export { sendAll, type EventSink } from './sink';
