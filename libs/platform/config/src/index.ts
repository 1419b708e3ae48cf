export { ConfigError, loadConfig } from './load-config';
export * from './settings';
