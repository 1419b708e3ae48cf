module.exports = require('../../../jest.preset.js')('producer-client');
