/**
 * Jest settings shared by every project: sources are compiled by SWC, and workspace packages resolve to their
 * TypeScript sources through the "@watchnext/source" export condition, so that unit tests need no build,
 * but for those that start a program or a thread: these run what was built last.
 */
// What is tested is what happens, not how soon: machines may be busy.
const TEST_TIMEOUT_MS = 120_000;

module.exports = (displayName) => ({
  displayName,
  testEnvironment: 'node',
  // Counts where a project is run by its own configuration; of a run of several the root's does.
  testTimeout: TEST_TIMEOUT_MS,
  testEnvironmentOptions: {
    customExportConditions: ['@watchnext/source', 'node', 'node-addons', 'require', 'default'],
  },
  moduleNameMapper: {
    '^fast-check$': require.resolve('./jest.fast-check.js'),
    '^fast-check-itself$': require.resolve('fast-check'),
  },
  testMatch: ['<rootDir>/src/**/*.spec.ts', '<rootDir>/test/**/*.spec.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'commonjs' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
      },
    ],
  },
});

module.exports.TEST_TIMEOUT_MS = TEST_TIMEOUT_MS;
