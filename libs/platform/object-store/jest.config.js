module.exports = require('../../../jest.preset.js')('object-store');
