module.exports = require('../../jest.preset.js')('retrieval');
