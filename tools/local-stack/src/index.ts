export { endServer, startServerAgain } from './faults';
export type { KafkaSecurity, KafkaUser } from './kafka-security';
export { freePorts, isAlive, startListening, stopProcess, type StartedProcess } from './processes';
export { MissingProgramError, requirePrograms } from './programs';
export { SENTINEL_MASTER, startRedis, type RedisTopology } from './redis';
export { readStack, restartBroker, StackExistsError, startStack, stopStack, type Stack, type StackOptions } from './stack';
