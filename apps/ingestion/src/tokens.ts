/** Injection tokens of what is no class. */
export const SETTINGS = Symbol('settings');
export const LOGGER = Symbol('logger');
export const LOG = Symbol('event log');
export const FEATURE_STORE = Symbol('feature store');
export const KEY_RING = Symbol('key ring');
export const ARCHIVE = Symbol('event archive');
