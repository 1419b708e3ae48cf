module.exports = require('../../jest.preset.js')('simulator');
