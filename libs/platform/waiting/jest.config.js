module.exports = require('../../../jest.preset.js')('waiting');
