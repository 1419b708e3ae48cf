/** The console page: who is watching, what they watched, what is recommended, and how a watch changes it. */
import { listUsers, newEventId, readHistory, recommend, sendEvent } from './api.js';
import { card } from './card.js';
import { compareLists } from './changes.js';
import { byId, h } from './dom.js';
import { showExplanation } from './explain-panel.js';
import { clock } from './format.js';
import { showHistory } from './history.js';
import { ViewedImpressions } from './viewed.js';
import { askHowMuch } from './watch-dialog.js';

/** How long a watch may take to reach the next list's input; usually a fraction of a second. */
const FOLD_WAIT_MS = 4_000;

const viewed = new ViewedImpressions();
/** The list on screen: pages with their items, for one user. */
let shown = { userId: '', items: [], cursor: undefined };
/** Counts what was asked for in place of that list: an answer that comes after another was asked for is dropped. */
let turn = 0;

function say(text, isError = false) {
  const status = byId('status');
  status.textContent = text;
  status.classList.toggle('error', isError);
}

async function attempt(work) {
  try {
    await work();
  } catch (error) {
    console.error(error);
    say(error.message, true);
  }
}

function showFacts(served) {
  const full = served.rung === 'full';
  byId('facts').replaceChildren(
    h(
      'span',
      { class: `chip ${full ? 'full' : 'lower'}`, title: served.rungReason ?? 'every part answered' },
      served.rung,
    ),
    h('span', { class: 'chip id', title: 'snapshot of the models' }, served.snapshotId || 'no snapshot'),
    ...(served.rungReason ? [served.rungReason] : []),
  );
}

function addCards(served, marks) {
  const cards = served.items.map((item) => {
    const element = card(item, marks?.get(item.videoId), {
      onWatch: (chosen) => attempt(() => watch(chosen)),
      onDismiss: (chosen) => attempt(() => dismiss(chosen)),
      onExplain: (chosen) => showExplanation(chosen, served),
    });
    viewed.watch(element, { userId: served.userId, requestId: served.requestId });
    return element;
  });
  byId('cards').append(...cards);
  shown.items.push(...served.items);
  shown.cursor = served.nextCursor;
  byId('more').hidden = served.nextCursor === undefined;
}

/**
 * @param before items of the list to compare with; undefined: show no changes
 * @returns undefined where another list was asked for meanwhile
 */
async function load(userId, before) {
  const own = ++turn;
  const [history, served] = await Promise.all([readHistory(userId), recommend(userId)]);
  if (own !== turn) return undefined;
  const changes =
    before &&
    compareLists(
      before.map(({ videoId }) => videoId),
      served.items.map(({ videoId }) => videoId),
    );
  shown = { userId, items: [], cursor: undefined };
  byId('cards').replaceChildren();
  showFacts(served);
  showHistory(history);
  addCards(served, changes?.marks);
  if (served.items.length === 0)
    byId('cards').append(h('li', { class: 'empty' }, 'Nothing to recommend yet: the catalogue is empty.'));
  const titles = new Map((before ?? []).map(({ videoId, title }) => [videoId, title || videoId]));
  const gone = (changes?.gone ?? []).map((videoId) => titles.get(videoId));
  byId('gone').hidden = gone.length === 0;
  byId('gone').textContent = gone.length > 0 ? `No longer on this page: ${gone.join(', ')}.` : '';
  return { history, changes };
}

function summary({ marks, gone }) {
  const kinds = [...marks.values()].map(({ kind }) => kind);
  const count = (kind) => kinds.filter((other) => other === kind).length;
  return `${count('new')} new, ${count('up')} up, ${count('down')} down, ${gone.length} gone`;
}

/** Waits until the user's state has what was just sent. */
async function untilFolded(userId, hasIt) {
  const until = Date.now() + FOLD_WAIT_MS;
  while (Date.now() < until) {
    if (hasIt(await readHistory(userId))) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

async function sendAndReload(userId, event, hasIt, done) {
  const { items } = shown;
  const own = turn;
  byId('cards').setAttribute('aria-busy', 'true');
  try {
    say('Sending…');
    await sendEvent(event);
    const folded = await untilFolded(userId, hasIt);
    const loaded = own === turn ? await load(userId, items) : undefined;
    if (loaded === undefined) return;
    const { changes } = loaded;
    say(folded ? `${done} The next list: ${summary(changes)}.` : `${done} It has not reached the recommendations yet.`);
  } finally {
    byId('cards').removeAttribute('aria-busy');
  }
  byId('list').focus();
}

async function watch(item) {
  const { userId } = shown;
  const positionSeconds = await askHowMuch(item);
  if (positionSeconds === undefined) return;
  const event = {
    userId,
    videoId: item.videoId,
    playbackId: newEventId(),
    impressionId: item.impressionId,
    positionSeconds,
    device: 'desktop',
  };
  await sendAndReload(
    userId,
    { watch: event },
    ({ watches }) => watches.some(({ videoId }) => videoId === item.videoId),
    `Watched ${clock(positionSeconds)} of “${item.title || item.videoId}”.`,
  );
}

async function dismiss(item) {
  const { userId } = shown;
  const event = { userId, videoId: item.videoId, impressionId: item.impressionId };
  await sendAndReload(
    userId,
    { dismissal: event },
    ({ dismissedVideoIds }) => dismissedVideoIds.includes(item.videoId),
    `“${item.title || item.videoId}” will not come back.`,
  );
}

async function showUser(userId) {
  byId('user').value = userId;
  history.replaceState(null, '', `?${new URLSearchParams({ user: userId })}`);
  say('Loading…');
  const loaded = await load(userId);
  if (loaded === undefined) return;
  const { history: known } = loaded;
  say(
    known.known
      ? `${known.watchCount} ${known.watchCount === 1 ? 'video' : 'videos'} watched so far.`
      : 'Nothing is known of this viewer yet.',
  );
}

byId('who').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(() => showUser(byId('user').value.trim()));
});
byId('stranger').addEventListener('click', () => attempt(() => showUser(`guest-${newEventId().slice(-8)}`)));
byId('more').addEventListener('click', () =>
  attempt(async () => {
    const more = byId('more');
    const own = turn;
    more.disabled = true;
    try {
      const from = shown.items.length;
      const served = await recommend(shown.userId, shown.cursor);
      if (own !== turn) return;
      addCards(served);
      byId('cards').children[from]?.querySelector('button')?.focus();
    } finally {
      more.disabled = false;
    }
  }),
);

attempt(async () => {
  const { users } = await listUsers();
  byId('users').replaceChildren(
    ...users.map(({ userId, watchCount }) => h('option', { value: userId }, `${watchCount} watched`)),
  );
  const asked = new URLSearchParams(location.search).get('user');
  await showUser(asked || users[0]?.userId || `guest-${newEventId().slice(-8)}`);
});
