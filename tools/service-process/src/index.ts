export { type AppName, builtMain } from './built-main';
export {
  describeEnd,
  type ProcessEnd,
  type ServiceDefinition,
  ServiceProcess,
  type ServiceProcessOptions,
  StartError,
} from './service-process';
