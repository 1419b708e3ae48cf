export { EXIT_CODES, parseOptions, type LauncherOptions } from './options';
export { LaunchError } from './launch-error';
export { Launcher, type LaunchReport } from './launcher';
