const { availableParallelism } = require('node:os');
const preset = require('./jest.preset.js');

module.exports = {
  projects: [
    '<rootDir>/libs/contract',
    '<rootDir>/libs/domain/*/jest.config.js',
    '<rootDir>/libs/platform/*/jest.config.js',
    '<rootDir>/libs/testing',
    '<rootDir>/apps/*/jest.config.js',
    '<rootDir>/tools/*/jest.config.js',
  ],
  reporters: ['default', '<rootDir>/tools/jest-closing-line.js'],
  passWithNoTests: false,
  // Half of the suite waits for servers, so two cores are worth two workers.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  // Jest gives a worker half a second to end, and says that it "failed to exit gracefully" where one takes longer. Those that hold
  // DuckDB, onnxruntime and snapshots took up to 0.3 s on two cores, without a handle left open: on a busier machine the line may come.
  // What a worker has loaded for earlier specs stays; one that holds so much is replaced between two specs.
  workerIdleMemoryLimit: '1GB',
  testTimeout: preset.TEST_TIMEOUT_MS,
};
