module.exports = require('../../jest.preset.js')('generators');
