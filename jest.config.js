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
  // What is tested is what happens, not how soon: machines may be busy.
  testTimeout: 120_000,
};
