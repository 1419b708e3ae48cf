module.exports = require('../../../jest.preset.js')('command-line');
