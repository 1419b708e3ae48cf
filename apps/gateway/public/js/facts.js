import { byId, h } from './dom.js';

/** Which variant of an experiment made a list. */
export const variantText = ({ variant, overridden }) =>
  `${variant ?? 'both variants'}${overridden ? ' (chosen for this viewer)' : ''}`;

/** Shows how a list was made: its rung, with the reason for a lower one, its snapshot and its experiments. */
export function showFacts(served) {
  const full = served.rung === 'full';
  const fact = (kind, name, value, title) =>
    h('span', { class: `chip ${kind}`, title }, h('span', { class: 'unseen' }, `${name} `), value);
  byId('facts').replaceChildren(
    fact(full ? 'full' : 'lower', 'rung', served.rung, served.rungReason ?? 'every part answered'),
    fact('id', 'snapshot', served.snapshotId || 'none', 'snapshot of the models'),
    ...(served.experiments ?? []).map((one) =>
      fact(
        'experiment',
        `experiment ${one.experiment}:`,
        variantText(one),
        `variant of the experiment ${one.experiment}`,
      ),
    ),
    ...(served.rungReason ? [served.rungReason] : []),
  );
}
