module.exports = require('../../../jest.preset.js')('feature-store');
