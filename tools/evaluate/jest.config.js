module.exports = require('../../jest.preset.js')('evaluate');
