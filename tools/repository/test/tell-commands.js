'use strict';
/** Loaded before a program (`node --require`): it tells its subcommands and options as JSON, and does not run. */
const { writeSync } = require('node:fs');
const { Command } = require('commander');

const told = (command) => ({
  options: Object.fromEntries(command.options.map(({ long, argChoices }) => [long, argChoices ?? []])),
  commands: Object.fromEntries(command.commands.map((one) => [one.name(), told(one)])),
});

for (const name of ['parse', 'parseAsync'])
  Command.prototype[name] = function () {
    writeSync(1, JSON.stringify(told(this)));
    process.exit(0);
  };
