import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8 from allocating in old space what it saw survive: a request's objects live just long enough to be taken for
 * such, and what lies there only a full collection frees. Measured by `npm run bench -- rank`: the 99th percentile from a
 * state to scores is 1.5 times that of the bare tower so, and 2.0 times by V8's default.
 */
export function allocateYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
