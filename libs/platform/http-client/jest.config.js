module.exports = require('../../../jest.preset.js')('http-client');
