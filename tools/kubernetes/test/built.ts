import { buildRoot, type KubernetesObject } from '../src';

/** Production with every optional component, in images of another registry. */
export const TEAM = '../../tools/kubernetes/test/team';

const roots = new Map<string, KubernetesObject[]>();

/** What a root builds to, built once for each file of specs; not to be changed. */
export function built(root: string): KubernetesObject[] {
  let objects = roots.get(root);
  if (!objects) roots.set(root, (objects = buildRoot(root)));
  return objects;
}
