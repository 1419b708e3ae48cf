import { evaluateGate, type GateLimits, gateReasons } from '@watchnext/evaluation';
import { defineStage } from '../pipeline/stage';

/** May the evaluated models become the current snapshot? */
export const gateStage = (limits?: GateLimits) =>
  defineStage({
    name: 'gate',
    needs: ['candidateEvaluation', 'rankingEvaluation', 'currentMetrics', 'index'],
    gives: ['gate', 'metrics'],
    async run({ candidateEvaluation, rankingEvaluation, currentMetrics, index }, { note }) {
      const gate = evaluateGate(
        {
          recallK: candidateEvaluation.recallK,
          candidateRecall: candidateEvaluation.recall,
          popularityRecall: candidateEvaluation.popularityRecall,
          weightedPerUserLoss: rankingEvaluation.loss,
          floorWeightedPerUserLoss: rankingEvaluation.floorLoss,
          indexRecallAt100: index?.parameters.recallAt100 ?? NaN,
        },
        currentMetrics,
        limits,
      );
      note({ passed: gate.passed, ...(gate.passed ? {} : { reasons: gateReasons(gate) }) });
      return { gate, metrics: [...candidateEvaluation.metrics, ...rankingEvaluation.metrics] };
    },
  });
