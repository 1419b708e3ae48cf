import { byId, h } from './dom.js';

/** Shows how a list was made: its rung, with the reason for a lower one, and its snapshot. */
export function showFacts(served) {
  const full = served.rung === 'full';
  const fact = (kind, name, value, title) =>
    h('span', { class: `chip ${kind}`, title }, h('span', { class: 'unseen' }, `${name} `), value);
  byId('facts').replaceChildren(
    fact(full ? 'full' : 'lower', 'rung', served.rung, served.rungReason ?? 'every part answered'),
    fact('id', 'snapshot', served.snapshotId || 'none', 'snapshot of the models'),
    ...(served.rungReason ? [served.rungReason] : []),
  );
}
