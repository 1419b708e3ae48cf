import { evaluateGate, type GateLimits, gateReasons } from '@watchnext/evaluation';
import { defineStage } from '../pipeline/stage';
import { overrideGate } from './override-gate';

/** May the evaluated models become the current snapshot? */
export const gateStage = (overridden: boolean, limits?: GateLimits) =>
  defineStage({
    name: 'gate',
    needs: ['candidateEvaluation', 'rankingEvaluation', 'currentMetrics', 'index'],
    gives: ['gate', 'metrics'],
    async run({ candidateEvaluation, rankingEvaluation, currentMetrics, index }, { note }) {
      const verdict = evaluateGate(
        {
          recallK: candidateEvaluation.recallK,
          candidateRecall: candidateEvaluation.recall.value(),
          popularityRecall: candidateEvaluation.popularityRecall,
          recallGain: candidateEvaluation.gain,
          weightedPerUserLoss: rankingEvaluation.loss.value(),
          floorWeightedPerUserLoss: rankingEvaluation.floorLoss,
          lossGain: rankingEvaluation.gain,
          indexRecallAt100: index?.parameters.recallAt100 ?? NaN,
        },
        currentMetrics,
        limits,
      );
      const gate = overrideGate(verdict, overridden);
      note({ passed: gate.passed, ...(gate.passed ? {} : { reasons: gateReasons(gate) }) });
      return { gate, metrics: [...candidateEvaluation.metrics, ...rankingEvaluation.metrics] };
    },
  });
