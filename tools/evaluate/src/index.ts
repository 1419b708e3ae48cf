/** What a report needs of an evaluation: its JSON, typed. */
export type { AskedAt, CandidateReport, EvaluationReport, MetricAtK, ScorerReport, TrainingReport } from './report';
export type { CalibrationTables } from './ranking/calibration';
export type { MeasuredValue, PairedDifference, RankingReport, RankingScorerReport } from './ranking/report';
