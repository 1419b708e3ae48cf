export { SteadyPace } from './steady-pace';
export { type Answered, SteadyLoad } from './steady-load';
export { DEPENDENCIES, type Dependency, FaultScene, type FaultSceneOptions } from './fault-scene';
export { type EventAnswer, EventLoad } from './event-load';
export { type EventFigures, FAULT_KINDS, type FaultKind, type FaultRow, measureFault } from './measure-fault';
