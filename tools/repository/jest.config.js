module.exports = require('../../jest.preset.js')('repository');
