export { freePorts, isAlive, startListening, stopProcess, type StartedProcess } from './processes';
export { MissingProgramError, requirePrograms } from './programs';
export { SENTINEL_MASTER, startRedis, type RedisTopology } from './redis';
export { readStack, StackExistsError, startStack, stopStack, type Stack, type StackOptions } from './stack';
