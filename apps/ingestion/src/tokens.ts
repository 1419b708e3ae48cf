/** Injection tokens of what is no class. */
export const SETTINGS = Symbol('settings');
export const LOGGER = Symbol('logger');
/** As opened, with why it did not answer. */
export const SERVICE_LOG = Symbol('service log');
export const LOG = Symbol('event log');
export const FEATURE_STORE = Symbol('feature store');
export const KEY_RING = Symbol('key ring');
export const ARCHIVE = Symbol('event archive');
