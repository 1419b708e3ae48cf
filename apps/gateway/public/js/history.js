import { byId, h } from './dom.js';
import { ago, clock } from './format.js';
import { thumbnail } from './thumbnail.js';

function whyEmpty(isKnown, watchCount) {
  if (watchCount > 0) return 'Nothing that may still be shown: what was watched is withdrawn.';
  return isKnown ? 'Nothing yet.' : 'Nothing yet: these recommendations know only what everyone watches.';
}

/** Shows what a user watched, newest first. */
export function showHistory({ known, watchCount, watches }) {
  const entries = watches.map(({ videoId, title, topics, startedAtMs, watchSeconds, durationSeconds }) => {
    const name = title || videoId;
    return h(
      'li',
      {},
      thumbnail(name, topics[0]),
      h(
        'div',
        {},
        h('p', { class: 'name' }, name),
        h(
          'p',
          { class: 'when' },
          `${clock(watchSeconds)}${durationSeconds ? ` of ${clock(durationSeconds)}` : ''} · ${ago(startedAtMs)}`,
        ),
        durationSeconds
          ? h('progress', {
              max: 1,
              value: Math.min(1, watchSeconds / durationSeconds),
              'aria-label': `watched of ${name}`,
            })
          : undefined,
      ),
    );
  });
  const nothing = h('li', { class: 'empty' }, whyEmpty(known, watchCount));
  byId('history').replaceChildren(...(entries.length > 0 ? entries : [nothing]));
}

/** @param error why it cannot be read */
export function showNoHistory({ message }) {
  byId('history').replaceChildren(h('li', { class: 'empty' }, `This cannot be read: ${message}`));
}
