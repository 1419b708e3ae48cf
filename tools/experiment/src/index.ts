export { type Comparison, type ExperimentReport, NotStartedError, reportExperiment } from './report';
export { renderHtml } from './render-html';
export { renderJson } from './render-json';
export { renderText } from './render-text';
export { plotEffect, standalone } from './plots';
export { percent, percentInterval, textTable } from './format';
export { type Plan, planExperiment, planFrom } from './plan';
export { policyOf, readDraws, valuePolicy } from './off-policy';
export { readUserDays, type UserDay } from './user-days';
