const { TestEnvironment } = require('jest-environment-node');

/**
 * Jest runs specs in a realm with globals of its own, but onnxruntime's native half makes its results in the process's
 * realm, and its JavaScript half then refuses them as "not a Float32Array". This environment lends specs the process's
 * Float32Array. Every project whose specs run an OnnxStack needs it:
 *
 *   { ...preset('name'), testEnvironment: require.resolve('…/libs/platform/inference/jest-environment.js') }
 */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global.Float32Array = Float32Array;
  }
};
