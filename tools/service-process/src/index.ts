export { type AppName, builtMain } from './built-main';
export { lastLines } from './last-lines';
export {
  describeEnd,
  type ProcessEnd,
  type ServiceDefinition,
  ServiceProcess,
  type ServiceProcessOptions,
  StartError,
} from './service-process';
