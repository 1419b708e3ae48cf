module.exports = require('../../../jest.preset.js')('errors');
