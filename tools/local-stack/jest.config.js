module.exports = require('../../jest.preset.js')('local-stack');
