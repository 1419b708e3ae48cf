module.exports = require('../../../jest.preset.js')('experiments');
