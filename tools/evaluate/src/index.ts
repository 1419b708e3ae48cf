/** What a report needs of an evaluation: its JSON, typed. */
export type { AskedAt, CandidateReport, EvaluationReport, MetricAtK, ScorerReport, TrainingReport } from './report';
