import { byId, h } from './dom.js';
import { clock } from './format.js';
import { thumbnail } from './thumbnail.js';

/** Asks how much of a video is watched. @returns {Promise<number | undefined>} seconds; undefined: cancelled */
export function askHowMuch(item) {
  const dialog = byId('watch');
  const share = byId('share');
  const title = item.title || item.videoId;
  const isKnown = item.durationSeconds > 0;
  // Of a video of unknown duration, at most a minute is watched.
  const durationSeconds = isKnown ? item.durationSeconds : 60;
  const secondsNow = () => (durationSeconds * Number(share.value)) / 100;
  const describe = () => {
    const text = isKnown
      ? `${share.value} % · ${clock(secondsNow())} of ${clock(durationSeconds)}`
      : `${clock(secondsNow())} · its duration is unknown`;
    byId('share-text').textContent = text;
    share.setAttribute('aria-valuetext', text);
  };
  byId('watch-title').replaceChildren(h('span', { class: 'unseen' }, 'Watch '), title);
  byId('watch-thumbnail').replaceChildren(...thumbnail(title, item.topics[0]).childNodes);
  share.value = '100';
  share.oninput = describe;
  describe();
  return new Promise((resolve) => {
    dialog.returnValue = 'cancel';
    dialog.onclose = () => resolve(dialog.returnValue === 'watch' ? secondsNow() : undefined);
    // No submit button: Enter on the slider is for watching.
    byId('watch-cancel').onclick = () => dialog.close('cancel');
    dialog.showModal();
    share.focus();
  });
}
