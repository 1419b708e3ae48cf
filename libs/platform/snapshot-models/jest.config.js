module.exports = require('../../../jest.preset.js')('snapshot-models');
