module.exports = require('../../jest.preset.js')('launcher');
