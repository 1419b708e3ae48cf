/** The console page: who is watching, what they watched, what is recommended, and how a watch changes it. */
import { ApiError, listUsers, newEventId, readHistory, recommend, sendEvent } from './api.js';
import { card } from './card.js';
import { compareLists, summary } from './changes.js';
import { byId, h } from './dom.js';
import { showExplanation } from './explain-panel.js';
import { showFacts } from './facts.js';
import { clock } from './format.js';
import { showHistory, showNoHistory } from './history.js';
import { attempt, say } from './status.js';
import { ViewedImpressions } from './viewed.js';
import { askHowMuch } from './watch-dialog.js';

/** How long a watch may take to reach the next list's input; usually a fraction of a second. */
const FOLD_WAIT_MS = 4_000;

const viewed = new ViewedImpressions();
const nothingShown = () => ({
  userId: undefined,
  isPreview: undefined,
  rung: undefined,
  firstPage: [],
  count: 0,
  cursor: undefined,
  warnings: new Set(),
});
/** The list on screen, for one user: rung and items of its first page; count, warnings and cursor of all pages. */
let shown = nothingShown();
/** Whom the form and the address name; undefined: nobody yet. Nothing of another viewer is left on screen. */
let wantedUser;
/** Whether what is shown, watched and dismissed counts as that viewer's: else nothing of it is recorded. */
const isActing = () => byId('act').checked;
/** Counts what was asked for in place of that list: an answer that comes after another was asked for is dropped. */
let turn = 0;

/** What is under way that will change the list. */
let worksInProgress = 0;

/** Says that the list is about to change. @returns what ends that, to be called once */
function markBusy() {
  worksInProgress++;
  byId('cards').setAttribute('aria-busy', 'true');
  return () => {
    if (--worksInProgress === 0) byId('cards').removeAttribute('aria-busy');
  };
}

function addCards(served, marks) {
  const cards = served.items.map((item) => {
    const element = card(item, served.preview === true, marks?.get(item.videoId), {
      onWatch: (chosen) => attempt(() => watch(chosen)),
      onDismiss: (chosen) => attempt(() => dismiss(chosen)),
      onExplain: (chosen) => showExplanation(chosen, served),
    });
    if (!served.preview) viewed.watch(element, { userId: served.userId, requestId: served.requestId });
    return element;
  });
  byId('cards').append(...cards);
  shown.count += served.items.length;
  shown.cursor = served.nextCursor;
  byId('more').hidden = served.nextCursor === undefined;
  showWarnings(served);
}

/** Adds what there is to say of one more page; what was said of a page before stays. */
function showWarnings({ rung, rungReason, warnings = [] }) {
  const ofRung =
    rung === shown.rung ? [] : [`further videos are of rung ${rung}${rungReason ? `: ${rungReason}` : ''}`];
  for (const warning of [...warnings, ...ofRung]) shown.warnings.add(warning);
  byId('warnings').replaceChildren(...[...shown.warnings].map((warning) => h('li', {}, warning)));
}

function clear() {
  shown = nothingShown();
  for (const id of ['cards', 'history', 'facts', 'warnings']) byId(id).replaceChildren();
  for (const id of ['gone', 'more']) byId(id).hidden = true;
  byId('more').disabled = false;
}

/**
 * @param isCompared whether to show what changed since this viewer's list on screen
 * @returns history: undefined where it cannot be read; undefined altogether where another list was asked for meanwhile
 */
async function load(userId, isCompared = false) {
  const own = ++turn;
  const [history, served] = await Promise.allSettled([readHistory(userId), recommend(userId, !isActing())]);
  if (own !== turn) return undefined;
  if (served.status === 'rejected') {
    // The further page that was on its way is dropped by now; the list on screen may be gone on with.
    byId('more').disabled = false;
    throw served.reason;
  }
  const { items } = served.value;
  const before = isCompared && shown.userId === userId ? shown.firstPage : undefined;
  const changes =
    before &&
    compareLists(
      before.map(({ videoId }) => videoId),
      items.map(({ videoId }) => videoId),
    );
  const { activeElement } = document;
  const isFocusFree = activeElement === document.body || byId('cards').contains(activeElement);
  clear();
  Object.assign(shown, {
    userId,
    isPreview: served.value.preview === true,
    firstPage: items,
    rung: served.value.rung,
  });
  showFacts(served.value);
  if (history.status === 'fulfilled') showHistory(history.value);
  else showNoHistory(history.reason);
  addCards(served.value, changes?.marks);
  if (items.length === 0)
    byId('cards').append(
      h(
        'li',
        { class: 'empty' },
        'Nothing to recommend: the catalogue is empty, or this viewer has seen or dismissed all of it.',
      ),
    );
  const titles = new Map((before ?? []).map(({ videoId, title }) => [videoId, title || videoId]));
  const gone = (changes?.gone ?? []).map((videoId) => titles.get(videoId));
  byId('gone').hidden = gone.length === 0;
  byId('gone').textContent = gone.length > 0 ? `No longer on this page: ${gone.join(', ')}.` : '';
  // Whoever types meanwhile is left in peace.
  if (isCompared && isFocusFree) byId('list').focus();
  return { history: history.value, changes };
}

/** Waits until the user's state has what was just sent. A read that fails tells nothing: it is done again. */
async function untilFolded(userId, hasIt) {
  const until = Date.now() + FOLD_WAIT_MS;
  while (Date.now() < until && wantedUser === userId) {
    const known = await readHistory(userId).catch((error) => console.warn(error));
    if (known && hasIt(known)) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

/** Impressions whose event is on its way: a second click on them would send it again. */
const sending = new Set();

async function sendAndReload(userId, { impressionId }, event, hasIt, done) {
  if (sending.has(impressionId)) return;
  sending.add(impressionId);
  const markDone = markBusy();
  let isAccepted = false;
  try {
    say('Sending…');
    await sendEvent(event);
    isAccepted = true;
    const isFolded = await untilFolded(userId, hasIt);
    const loaded = wantedUser === userId ? await load(userId, true) : undefined;
    if (loaded === undefined) return;
    const next = loaded.changes ? ` The next list: ${summary(loaded.changes)}.` : '';
    say(`${done}${isFolded ? next : ' It has not reached the recommendations yet.'}`);
  } catch (error) {
    console.error(error);
    const whose = wantedUser === userId ? '' : `${userId}: `;
    // Whoever reads only of a failure sends it again.
    const accepted = isAccepted ? `${done} This was accepted, but the next list did not come: ` : '';
    say(`${whose}${accepted}${error.message}`, true);
  } finally {
    sending.delete(impressionId);
    markDone();
  }
}

/** Impression → playback of a watch that may have failed: sent again, it is the same playback, not a second one. */
const playbackIds = new Map();

async function watch(item) {
  const { userId } = shown;
  const positionSeconds = await askHowMuch(item);
  if (positionSeconds === undefined) return;
  if (!playbackIds.has(item.impressionId)) playbackIds.set(item.impressionId, newEventId());
  const event = {
    userId,
    videoId: item.videoId,
    playbackId: playbackIds.get(item.impressionId),
    impressionId: item.impressionId,
    positionSeconds,
    device: 'desktop',
  };
  await sendAndReload(
    userId,
    item,
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
    item,
    { dismissal: event },
    ({ dismissedVideoIds }) => dismissedVideoIds.includes(item.videoId),
    `“${item.title || item.videoId}” will not come back.`,
  );
}

/** @param willAct whether to act as them: of a real viewer only who says so, as their next lists are made of it */
async function showUser(userId, willAct = false) {
  if (userId !== wantedUser) clear();
  wantedUser = userId;
  byId('user').value = userId;
  byId('act').checked = willAct;
  byId('act').disabled = false;
  byId('mode').textContent = willAct
    ? 'You act as this viewer: what is shown, watched and dismissed here counts as theirs.'
    : 'A preview: nothing of it is recorded. Switch on “Act as this viewer” to watch or dismiss.';
  byId('mode').classList.toggle('acting', willAct);
  document.title = `${userId} · WatchNext`;
  history.replaceState(null, '', `?${new URLSearchParams({ user: userId })}`);
  say('Loading…');
  byId('retry').hidden = true;
  const markDone = markBusy();
  try {
    const loaded = await load(userId);
    if (loaded === undefined) return;
    const { history: known } = loaded;
    if (known === undefined) say('The recommendations are shown without what was watched.');
    else if (!known.known) say('Nothing is known of this viewer yet.');
    else say(`${known.watchCount} ${known.watchCount === 1 ? 'video' : 'videos'} watched so far.`);
  } catch (error) {
    byId('retry').hidden = false;
    throw error;
  } finally {
    markDone();
  }
}

async function showMore() {
  const more = byId('more');
  const own = turn;
  const from = shown.count;
  const hadFocus = document.activeElement === more;
  more.disabled = true;
  say('Loading…');
  try {
    const served = await recommend(shown.userId, shown.isPreview, shown.cursor);
    if (own !== turn) return;
    addCards(served);
    say(served.items.length > 0 ? `${served.items.length} more, ${shown.count} in all.` : 'There are no more.');
  } catch (error) {
    // Another list was asked for meanwhile: nobody misses a page of this one.
    if (own === turn) throw error;
  } finally {
    if (own === turn) {
      more.disabled = false;
      const next = byId('cards').children[from]?.querySelector('button:enabled');
      // A button that was disabled has lost the focus.
      if (next) next.focus();
      else if (hadFocus) (more.hidden ? byId('list') : more).focus();
    }
  }
}

byId('who').addEventListener('submit', (event) => {
  event.preventDefault();
  const userId = byId('user').value.trim();
  attempt(() => showUser(userId, userId === wantedUser && isActing()));
});
const showAgain = () => attempt(() => showUser(wantedUser, isActing()));
byId('act').addEventListener('change', showAgain);
byId('retry').addEventListener('click', () => {
  // The button goes, and would take the focus with it.
  byId('list').focus();
  return showAgain();
});
/** Someone who is nobody else. */
const showStranger = () => showUser(`guest-${newEventId().slice(-8)}`, true);
byId('stranger').addEventListener('click', () => attempt(showStranger));
byId('more').addEventListener('click', () => attempt(showMore));

/** Viewers that are offered, or will be; undefined: those could not be listed. */
let offered;
/** Offers the viewers that are known. @returns the one with the most watches; undefined: there is none */
function offerUsers() {
  offered ??= listAndOffer().catch((error) => {
    offered = undefined;
    throw error;
  });
  return offered;
}

async function listAndOffer() {
  const { users } = await listUsers();
  byId('users').replaceChildren(
    ...users.map(({ userId, watchCount }) => h('option', { value: userId }, `${watchCount} watched`)),
  );
  return users[0]?.userId;
}

// Without suggestions the form takes any viewer all the same.
const offerIfPossible = () => offerUsers().catch((error) => console.warn(error));
byId('user').addEventListener('focus', offerIfPossible);

const asked = new URLSearchParams(location.search).get('user');
if (asked) {
  attempt(() => showUser(asked));
  offerIfPossible();
} else {
  attempt(async () => {
    say('Loading…');
    const first = await offerUsers().catch((error) => {
      if (wantedUser !== undefined) return console.warn(error);
      throw new ApiError(`Any id can be shown, but the viewers cannot be listed: ${error.message}`, { cause: error });
    });
    // Another viewer may be shown by now, or be typed.
    if (wantedUser !== undefined) return;
    if (byId('user').value !== '') say('');
    else await (first === undefined ? showStranger() : showUser(first));
  });
}
