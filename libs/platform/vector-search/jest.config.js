module.exports = require('../../../jest.preset.js')('vector-search');
