/** Injection tokens of what is no class. */
export const LOGGER = Symbol('logger');
export const ARCHIVE = Symbol('event archive');
export const SNAPSHOT_STORE = Symbol('snapshot store');
/** How the event log is opened. */
export const OPEN_LOG = Symbol('open event log');
export const BACKEND = Symbol('tensor backend');
export const REPORTER = Symbol('progress reporter');
