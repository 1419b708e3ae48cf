import { fillArchive } from '../fill-stores';
import { commonEnvironment, type DevApp } from './scene';

export const trainerApp: DevApp = {
  name: 'trainer',
  summary: 'one run on the recorded archive, again after each build',
  defaultPort: undefined,
  neighbours: [],
  async prepare(options) {
    fillArchive(options.folder, options.dataDirectory);
    return {
      environment: commonEnvironment(options),
      neighbours: [],
      hints: [],
      // The run itself is what can be asked of it.
      replay: async () => ({ askedCount: 0, sameCount: 0 }),
    };
  },
};
