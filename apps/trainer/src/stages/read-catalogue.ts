import type { EventArchive } from '@watchnext/event-archive';
import { readCatalogue } from '@watchnext/offline';
import { defineStage } from '../pipeline/stage';

export const readCatalogueStage = (archive: EventArchive) =>
  defineStage({
    name: 'read catalogue',
    needs: [],
    gives: ['catalogue'],
    async run(_input, { signal, note }) {
      const { refusedCount, ...catalogue } = await readCatalogue(archive, signal);
      note({ videos: catalogue.facts.size, withdrawn: catalogue.withdrawn.size, refused: refusedCount });
      return { catalogue };
    },
  });
