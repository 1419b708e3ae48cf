import { openEmbeddedFeatureStore, type FeatureStore } from '@watchnext/feature-store';
import { describeFeatureStore, temporaryDirectory } from '../src';

describeFeatureStore('embedded (LMDB)', async () => {
  const directory = await temporaryDirectory('feature-store');
  const handles: FeatureStore[] = [];
  return {
    async open() {
      const handle = openEmbeddedFeatureStore(directory.path);
      handles.push(handle);
      return handle;
    },
    async dispose() {
      await Promise.all(handles.map((handle) => handle.close()));
      await directory.remove();
    },
  };
});
