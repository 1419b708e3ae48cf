export { type ClientCertificates, DistrustError, type HttpAnswer, HttpClient } from './http-client';
