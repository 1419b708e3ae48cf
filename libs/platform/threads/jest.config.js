module.exports = require('../../../jest.preset.js')('threads');
