import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { freeFieldNumber, increment, insertAtEnd, insertBefore, NameError, requireTeam } from './edit';

const treeWith = (text: string) => {
  const tree = createTreeWithEmptyWorkspace();
  tree.write('a.ts', text);
  return tree;
};
const edited = (text: string, edit: (tree: ReturnType<typeof treeWith>) => void) => {
  const tree = treeWith(text);
  edit(tree);
  return tree.read('a.ts', 'utf8');
};

describe('editing by anchors', () => {
  it('inserts before an anchor, and at the end of a list that begins at one', () => {
    expect(edited('a b c', (tree) => insertBefore(tree, 'a.ts', 'b', 'x '))).toBe('a x b c');
    expect(edited('p = [1,]; q = [2,];', (tree) => insertAtEnd(tree, 'a.ts', 'q = [', ']', '3,'))).toBe(
      'p = [1,]; q = [2,3,];',
    );
  });

  it.each(['nothing of it', 'b and b'])('refuses a file that says %p', (text) => {
    expect(() => edited(text, (tree) => insertBefore(tree, 'a.ts', 'b', 'x'))).toThrow(
      'bring tools/generators up to date',
    );
  });

  it('raises a number and finds one that is free', () => {
    expect(edited('VERSION = 9;', (tree) => increment(tree, 'a.ts', /VERSION = (\d+);/))).toBe('VERSION = 10;');
    const proto = 'message A {\n  int64 a = 1;\n  int64 b = 2;\n  int64 c = 4;\n}\nmessage B {\n  int64 d = 3;\n}\n';
    expect(freeFieldNumber(treeWith(proto), 'a.ts', 'message A {', 1)).toBe(3);
  });
});

describe('a team', () => {
  const tree = createTreeWithEmptyWorkspace();
  tree.write('CODEOWNERS', '* @watchnext/platform\n/libs/contract/ @watchnext/ingestion @watchnext/serving\n');

  it('is one that CODEOWNERS names, or said to be new', () => {
    for (const team of ['platform', 'serving']) expect(() => requireTeam(tree, team, false)).not.toThrow();
    expect(() => requireTeam(tree, 'search-and-browse', true)).not.toThrow();
  });

  it.each([
    ['nonsense', false, 'there is no team nonsense; there are ingestion, platform, serving, and --newTeam makes one'],
    ['serving', true, 'there is a team serving already'],
    ['Serving', true, 'Serving is no name of a team'],
    ['', false, 'is no name of a team'],
  ])('%j (new: %s) is refused, and the others are named', (team, isNew, message) => {
    const require = () => requireTeam(tree, team, isNew);
    expect(require).toThrow(NameError);
    expect(require).toThrow(message);
  });
});
