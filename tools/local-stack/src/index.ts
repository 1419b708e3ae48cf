export { endServer, startServerAgain } from './faults';
export type { KafkaSecurity, KafkaUser } from './kafka-security';
export { defaultJarsDirectory, fetchKafka } from './kafka-jars';
export { freePorts } from './ports';
export { isAlive, startListening, stopProcess, type StartedProcess } from './processes';
export { MissingProgramError, requirePrograms } from './programs';
export { SENTINEL_MASTER, startRedis, type RedisTopology } from './redis';
export { missingForStack, startStack, stopStack, type StackOptions } from './stack';
export { readStack, StackExistsError, type Stack } from './stack-file';
