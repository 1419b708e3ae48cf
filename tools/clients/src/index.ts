export { CollectorClient, type DrainOptions, type IngestionLag, StuckError } from './collector-client';
export {
  GatewayClient,
  type RecommendationItem,
  type Recommendations,
  type RecommendationsQuery,
} from './gateway-client';
export { AnswerError } from './json-client';
export { metricsText, readMetric } from './metrics';
