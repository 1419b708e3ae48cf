/** Injection tokens of what is no class. */
export const CLOCK = Symbol('clock');
/** Milliseconds since the epoch. */
export type Clock = () => number;

export const REQUEST_IDS = Symbol('request ids');
/** A new one, by the time of its request in milliseconds since the epoch. What is drawn by chance is drawn by it. */
export type RequestIds = (requestedAtMs: number) => string;

export const SETTINGS = Symbol('settings');
export const LOGGER = Symbol('logger');
export const SERVICE_LOG = Symbol('service log');
/** The log of it. */
export const EVENT_LOG = Symbol('event log');
export const FEATURE_STORE = Symbol('feature store');
export const SNAPSHOT_STORE = Symbol('snapshot store');
export const SNAPSHOT_FOLLOWING = Symbol('snapshot following');
export const EXPERIMENTS = Symbol('experiments');
export const RETRIEVAL = Symbol('retrieval');
export const RANKING = Symbol('ranking');
export const COLLECTOR = Symbol('collector');
export const CALLS = Symbol('calls');
