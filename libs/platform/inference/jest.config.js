module.exports = require('../../../jest.preset.js')('inference');
