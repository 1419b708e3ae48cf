module.exports = {
  ...require('../../jest.preset.js')('compatibility'),
  // Specs run towers on onnxruntime; see there.
  testEnvironment: require.resolve('../../libs/platform/inference/jest-environment.js'),
};
