module.exports = {
  ...require('../../../jest.preset.js')('inference'),
  testEnvironment: require.resolve('./jest-environment.js'),
};
