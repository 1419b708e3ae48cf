/** The program of a thread that holds one snapshot's files against their digests, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { yieldToOthers } from '@watchnext/threads';
import { findFault } from './digests';
import type { VerifyTask } from './verify-files';

const { directory, files } = workerData as VerifyTask;
// Requests go on meanwhile.
yieldToOthers();
// Not caught: an error here is one of the thread, which whoever started it hears of.
void findFault(directory, files).then((fault) => parentPort?.postMessage(fault));
