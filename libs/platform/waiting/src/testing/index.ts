/** For the specs of the libraries below `@watchnext/testing`, which has it too. */
export { eventually } from './eventually';
