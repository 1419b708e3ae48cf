module.exports = require('../../../jest.preset.js')('ann-index');
