import { breakable, byId, h, svg } from './dom.js';
import { variantText } from './facts.js';
import { number, spoken } from './format.js';

const RULE_WORDS = {
  'channel-cap': 'another place than its score gives, since a channel may take only so many places in ten',
  'topic-cap': 'another place than its score gives, since a topic may take only so many places in ten',
  'channel-cap-relaxed': 'beyond its channel’s cap, since no other candidates were left',
  'topic-cap-relaxed': 'beyond the cap of one of its topics, since no other candidates were left',
  exploration: 'drawn by chance among candidates that rank near, so that what they are worth can be measured',
  'fresh-exploration': 'drawn by chance among fresh videos, which nobody has watched enough for a score to mean much',
};

const row = (name, value) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', { class: 'number' }, value));
/** A heading and its table, in a box that the keyboard can scroll. */
const section = (heading, rows) => [
  h('h3', {}, heading),
  h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': heading },
    h('table', {}, h('tbody', {}, rows)),
  ),
];

/** What each feature group adds to the logit: the change without it, turned around. */
function bars(parts) {
  const contributions = parts
    .map(({ group, logitChange }) => ({ group, by: -logitChange }))
    .filter(({ by }) => by !== 0);
  contributions.sort((a, b) => Math.abs(b.by) - Math.abs(a.by));
  const largest = Math.max(1e-9, ...contributions.map(({ by }) => Math.abs(by)));
  if (contributions.length === 0)
    return h('p', { class: 'note' }, 'None adds anything: no input differs from that average.');
  return h(
    'div',
    { class: 'bars' },
    contributions.flatMap(({ group, by }) => {
      const width = (Math.abs(by) / largest) * 50;
      const bar = svg(
        'svg',
        { class: 'bar', viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
        svg('rect', { class: by > 0 ? 'plus' : 'minus', x: by > 0 ? 50 : 50 - width, y: 1, width, height: 8 }),
        svg('line', { x1: 50, x2: 50, y1: 0, y2: 10, 'stroke-width': 0.5 }),
      );
      return [
        h('span', {}, breakable(group)),
        bar,
        h('span', { class: 'number' }, `${by > 0 ? '+' : '−'}${Number(Math.abs(by).toPrecision(2))}`),
      ];
    }),
  );
}

/** Shows why an item is where it is. */
export function showExplanation(item, served) {
  const { sources = [], features = [], parts = [], rules = [], propensity = 1 } = item.explain ?? {};
  byId('explain-title').replaceChildren(h('span', { class: 'unseen' }, 'Why '), item.title || item.videoId);
  const sections = [
    h(
      'p',
      { class: 'note' },
      item.score === undefined
        ? `Not ranked: ${served.rungReason ?? served.rung}.`
        : `Expected to be watched for ${spoken(item.score)} if shown here.`,
    ),
    (served.warnings ?? []).map((warning) => h('p', { class: 'warning' }, warning)),
    section(
      'Where it came from',
      sources.map(({ source, score }) => row(source, number(score))),
    ),
  ];
  if (parts.length > 0) {
    sections.push(
      h('h3', {}, 'What the score is made of'),
      h(
        'p',
        { class: 'note' },
        'How much each group of inputs adds to the logit, against the average video of this page.',
      ),
      bars(parts),
    );
  }
  if (features.length > 0) {
    sections.push(
      section(
        'Inputs as they are',
        features.map(({ name, value }) =>
          row(breakable(name), value === null ? '–' : typeof value === 'number' ? number(value) : value || '–'),
        ),
      ),
    );
  }
  if (rules.length > 0) {
    sections.push(h('h3', {}, 'Rules'));
    for (const { rule, fromRank, toPosition } of rules)
      sections.push(
        h(
          'p',
          { class: 'note' },
          `Rank ${fromRank + 1} by score, shown at ${toPosition + 1}: ${RULE_WORDS[rule] ?? rule}.`,
        ),
      );
  }
  sections.push(
    section('Served', [
      row('snapshot', served.snapshotId || 'none'),
      row('rung', served.rung),
      ...(served.experiments ?? []).map((one) => row(`experiment ${one.experiment}`, variantText(one))),
      ...(item.team === undefined ? [] : [row('variant that ranked it here', item.team)]),
      ...(propensity < 1 ? [row('chance of this place', number(propensity))] : []),
      row('request', served.requestId),
      row('impression', served.preview ? 'none: a preview' : item.impressionId),
    ]),
  );
  byId('explain-body').replaceChildren(...sections.flat());
  byId('explain').showModal();
}
