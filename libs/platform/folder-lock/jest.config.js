module.exports = require('../../../jest.preset.js')('folder-lock');
