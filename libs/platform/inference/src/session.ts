import { InferenceSession } from 'onnxruntime-node';

/** @throws Error if the bytes are no model; RangeError if `threads` is not a positive whole number */
export async function createSession(model: Uint8Array, threads: number): Promise<InferenceSession> {
  if (!Number.isInteger(threads) || threads < 1) throw new RangeError(`threads must be 1 or more, not ${threads}`);
  if (model.length === 0) throw new Error('the ONNX model is empty');
  try {
    return await InferenceSession.create(model, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 3,
    });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`onnxruntime refuses the model: ${message}`, { cause });
  }
}

/** Columns of one of a model's matrices. @throws Error if it has no float32 matrix of that name and of a known width */
export function widthOf(name: string, metadata: readonly InferenceSession.ValueMetadata[]): number {
  const value = metadata.find((candidate) => candidate.name === name);
  const width = value?.isTensor && value.type === 'float32' && value.shape.length === 2 ? value.shape[1] : undefined;
  if (typeof width !== 'number') throw new Error(`the model has no float32 matrix "${name}" of a known width`);
  return width;
}
