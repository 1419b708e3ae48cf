import { h } from './dom.js';
import { durationText, spoken } from './format.js';
import { thumbnail } from './thumbnail.js';

const SOURCE_WORDS = { retrieval: 'for you', trending: 'trending', popular: 'popular', fresh: 'fresh' };

function changeChip(mark) {
  if (!mark || mark.kind === 'same') return undefined;
  if (mark.kind === 'new') return h('span', { class: 'chip new' }, 'new');
  const [arrow, word] = mark.kind === 'up' ? ['▲', 'up'] : ['▼', 'down'];
  return h(
    'span',
    { class: `chip ${mark.kind}`, role: 'img', 'aria-label': `moved ${word} by ${mark.by}` },
    `${arrow} ${mark.by}`,
  );
}

/**
 * One recommendation.
 * @param isPreview whether it can only be looked at
 * @param mark how it moved since the list before; undefined: there was none
 */
export function card(item, isPreview, mark, { onWatch, onDismiss, onExplain }) {
  const title = item.title || item.videoId;
  const topics = item.topics.length > 0 ? ` · ${item.topics.join(', ')}` : '';
  return h(
    'li',
    { 'data-video-id': item.videoId, 'data-impression-id': item.impressionId },
    h(
      'article',
      { class: mark && mark.kind !== 'same' ? 'card changed' : 'card' },
      h(
        'button',
        {
          type: 'button',
          class: 'play',
          disabled: isPreview,
          'aria-label': `Watch ${title}, ${item.durationSeconds > 0 ? durationText(item.durationSeconds) : 'duration unknown'}`,
          onclick: () => onWatch(item),
        },
        thumbnail(title, item.topics[0], [h('span', { class: 'duration' }, durationText(item.durationSeconds))]),
        h('span', { class: 'title' }, title),
      ),
      h('p', { class: 'about' }, `${item.channelId || 'no channel'}${topics}`),
      h(
        'p',
        { class: 'expected' },
        ...(item.score === undefined ? ['not ranked'] : ['expected watch ', h('strong', {}, spoken(item.score))]),
      ),
      h(
        'div',
        { class: 'chips' },
        h(
          'span',
          { class: 'chip', title: 'candidate source' },
          h('span', { class: 'unseen' }, 'source '),
          SOURCE_WORDS[item.source] ?? item.source,
        ),
        changeChip(mark),
      ),
      h(
        'div',
        { class: 'actions' },
        h('button', { type: 'button', 'aria-label': `Why? ${title}`, onclick: () => onExplain(item) }, 'Why?'),
        h(
          'button',
          {
            type: 'button',
            disabled: isPreview,
            'aria-label': `Not interested in ${title}`,
            onclick: () => onDismiss(item),
          },
          'Not interested',
        ),
      ),
    ),
  );
}
