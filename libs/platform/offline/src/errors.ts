/** The archive is there, but what can be read of it is nothing that examples could come from, or not the log that it should be. */
export class NothingToReplayError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NothingToReplayError';
  }
}
