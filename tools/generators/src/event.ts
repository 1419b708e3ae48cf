import type { Tree } from '@nx/devkit';
import { changedPaths, format, generateContract, say } from './afterwards';
import { freeFieldNumber, insertAtEnd, insertBefore, NameError, pascalCase, requireCamelCase, snakeCase } from './edit';

export interface EventOptions {
  readonly name: string;
}

const PROTO = 'libs/contract/proto/watchnext/event/v1/event.proto';
const REDUCER = 'libs/domain/features/src/reducer.ts';
const CHECKS = 'libs/domain/features/src/event-checks.ts';
const JSON_KINDS = 'apps/ingestion/src/collect/event-json.ts';
const ARCHIVE = 'libs/platform/event-archive/src/flatten-event.ts';
const ARCHIVE_COLUMNS = 'docs/bring-your-data.md';
const FIRST_BODY = 10;

/** @throws NameError, AnchorError */
export default async function event(tree: Tree, { name }: EventOptions): Promise<() => void> {
  requireCamelCase(name);
  const message = pascalCase(name);
  const snake = snakeCase(name);
  if (new RegExp(`^message ${message} \\{`, 'm').test(tree.read(PROTO, 'utf8') ?? '')) {
    throw new NameError(`there is a message ${message} already`);
  }
  const number = freeFieldNumber(tree, PROTO, 'message Event {', FIRST_BODY);
  insertBefore(tree, PROTO, '    VideoUpserted video_upserted', `    ${message} ${snake} = ${number};\n`);
  insertBefore(tree, PROTO, 'message VideoUpserted {', protoMessage(message));

  insertBefore(
    tree,
    REDUCER,
    `    case 'impressionsViewed':`,
    `    case '${name}':\n      // No state is made of it yet.\n      break;\n`,
  );
  insertBefore(
    tree,
    CHECKS,
    `    case 'userDeleted':`,
    `    case '${name}':\n      return requiredId(body.value.videoId, 'videoId');\n`,
  );
  insertBefore(
    tree,
    JSON_KINDS,
    '  videoUpserted: message(',
    `  ${name}: message('${message}', { userId: id, videoId: id }, ['userId', 'videoId']),\n`,
  );

  // At the end: files of yesterday have the numbers of those before.
  insertAtEnd(tree, ARCHIVE, 'export const EVENT_KINDS = [', '] as const;', `  '${snake}',\n`);
  const kinds = tree.read(ARCHIVE, 'utf8') ?? '';
  const highest = Math.max(...[...kinds.matchAll(/^ {2}\w+: (\d+),$/gm)].map(([, kind]) => Number(kind)));
  insertAtEnd(tree, ARCHIVE, `const KIND_OF: Record<Body['$case'], number> = {`, '};', `  ${name}: ${highest + 1},\n`);
  insertBefore(
    tree,
    ARCHIVE,
    `    case 'dismissal':`,
    `    case '${name}':\n      flat.userId = body.value.userId;\n      flat.videoId = body.value.videoId;\n      break;\n`,
  );
  insertBefore(tree, ARCHIVE_COLUMNS, ', `user_upserted`', `, \`${snake}\``);
  tree.write(`libs/domain/features/src/${snake.replaceAll('_', '-')}.spec.ts`, spec(name));
  const changed = changedPaths(tree);
  return () => {
    generateContract(tree);
    format(tree, changed);
    say(
      `The event ${name} is in the contract, and collectors take it. Next:`,
      `  ${PROTO}   # what it says; a field more is a field more in ${JSON_KINDS} and ${CHECKS}`,
      '  npx nx g @watchnext/generators:feature NAME --event ' + name + '   # a number of the state that counts it',
      '  libs/platform/producer-client/src/create-event.ts   # a helper for producers',
      '  npm run check',
    );
  };
}

const protoMessage = (message: string) => `message ${message} {
  string user_id = 1;
  string video_id = 2;
}

`;

const spec = (name: string) => `import type { Event } from '@watchnext/contract';
import { applyEvent } from './reducer';
import { refuse } from './refusal';
import { newState } from './state-codec';
import { eventOf, SOME_TIME_MS, USER_ID } from './testing/event-builders';

const eventAt = (videoId: string, sequence = 0): Event =>
  eventOf({ $case: '${name}', value: { userId: USER_ID, videoId } }, { atMs: SOME_TIME_MS, sequence });

describe('${name}', () => {
  it('needs a video', () => {
    expect(refuse(eventAt('video-1'), SOME_TIME_MS)).toBeUndefined();
    expect(refuse(eventAt(''), SOME_TIME_MS)).toMatchObject({ code: 'missing-field', field: '${name}.videoId' });
  });

  it('counts once by its id', () => {
    const state = newState(USER_ID);
    expect([applyEvent(state, eventAt('video-1')), applyEvent(state, eventAt('video-1'))]).toEqual(['applied', 'duplicate']);
  });
});
`;
