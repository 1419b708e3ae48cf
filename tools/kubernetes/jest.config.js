module.exports = require('../../jest.preset.js')('kubernetes');
