/** There is too little in the archive to learn from: whoever feeds events must act, not whoever runs the trainer. */
export class NothingToTrainError extends Error {
  constructor(message: string) {
    super(`nothing to train on: ${message}`);
    this.name = 'NothingToTrainError';
  }
}

/** The run was asked to stop, and did so between two steps; nothing was published. */
export class RunStoppedError extends Error {
  constructor(readonly stage: string) {
    super(`stopped in stage ${stage}`);
    this.name = 'RunStoppedError';
  }
}
