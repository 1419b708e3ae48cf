module.exports = require('../../../jest.preset.js')('candidate-model');
