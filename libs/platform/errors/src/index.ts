export { PortError } from './port-error';
