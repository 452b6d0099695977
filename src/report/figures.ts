// The sections of a page in which its script draws.
import type { Charts, Curves, Scatter } from './charts.ts';
import { escapeHtml } from './html.ts';
import { classStyle, methodStyle } from './palette.ts';

const figure = ({ id, title, text }: Curves | Scatter, box: string, subtitle = '') =>
  `<figure>
<figcaption><h3>${escapeHtml(title)}</h3>${subtitle && `<span class="subtitle">${escapeHtml(subtitle)}</span>`}</figcaption>
<div class="${box}"><canvas id="${escapeHtml(id)}" role="img" aria-label="${escapeHtml(text)}">${escapeHtml(text)}</canvas></div>
</figure>`;

/** Scores and losses over the epochs. */
export function curveSection({ methods, scores, losses, contrasts, switches }: Charts): string {
  if (!hasCurves({ scores, losses, contrasts })) return '';
  const legend = methods.map((label, i) => {
    const { color, shape, dash } = methodStyle(i);
    const paint = `var(--method-${color})`;
    return `<li><svg width="40" height="12" viewBox="-20 -6 40 12" aria-hidden="true"><path d="M-20 0H20" stroke="${paint}" stroke-width="2" stroke-dasharray="${dash.join(' ')}"/><path d="${shape.path}" fill="${paint}" transform="scale(.85)"/></svg>${escapeHtml(label)}</li>`;
  });
  const changes = [...new Set(switches.flatMap(({ changes }) => changes))];
  const hasIntervals = scores.some(({ lines }) => lines.some(({ interval }) => interval));
  const notes = [
    'Scores on the test images, then losses on the training images.',
    ...(contrasts.length > 0
      ? ['Last, how well the projected features of a contrastive loss find each other within their batches.']
      : []),
    'Accuracies of the classifier begin with the first epoch that trains it.',
    ...(hasIntervals ? ['Bars at the right end are the 95 % intervals of the last values.'] : []),
    ...(changes.length > 0 ? [`A dashed vertical line marks where a method goes ${changes.join(' or ')}.`] : []),
  ];
  return `<section aria-labelledby="training">
<h2 id="training">Over the epochs</h2>
<p class="note">${escapeHtml(notes.join(' '))}</p>
<ul class="legend">${legend.join('')}</ul>
<div class="grid scores">
${scores.map((curves) => figure(curves, 'curve')).join('\n')}
</div>
<div class="grid losses">
${losses.map((curves) => figure(curves, 'curve')).join('\n')}
</div>
${contrasts.length > 0 ? `<div class="grid losses">\n${contrasts.map((curves) => figure(curves, 'curve')).join('\n')}\n</div>\n` : ''}${NO_SCRIPT}
</section>`;
}

const hasCurves = (drawn: Pick<Charts, 'scores' | 'losses' | 'contrasts'>): boolean =>
  Object.values(drawn).some((curves) => curves.length > 0);

export const NO_SCRIPT =
  '<noscript><p class="note">The charts are drawn by JavaScript, which is switched off.</p></noscript>';

/** What is to be known of a way of making points of features. */
const PLANES: Readonly<Record<string, string>> = {
  UMAP: 'UMAP keeps neighbours near; how far groups are apart means little.',
  PCA: 'PCA shows the two directions in which they vary most, and distances along these as they are.',
};

/** Features in the plane. */
export function scatterSection({ scatters, classes, thumbnails, planes }: Charts): string {
  if (scatters.length === 0) return '';
  const legend = classes.map((label, i) => {
    const { color, shape } = classStyle(i, classes.length);
    return `<li><button type="button" data-class="${i}" aria-pressed="false" disabled><svg width="12" height="12" viewBox="-6 -6 12 12" aria-hidden="true"><path d="${shape.path}" fill="var(--class-${color})"/></svg>${escapeHtml(label)}</button></li>`;
  });
  const switches = planes.map(
    (name, i) =>
      `<button type="button" data-plane="${i}" aria-pressed="${i === 0}" disabled>${escapeHtml(name)}</button>`,
  );
  const meanings = planes.map((name) => PLANES[name] ?? `${escapeHtml(name)}.`);
  return `<section aria-labelledby="features">
<h2 id="features">Feature space</h2>
<p class="note">The encoder's features in two dimensions. ${meanings.join(' ')} Each point is a test image; axes have no unit. Choose a class to see it alone${thumbnails ? ', or a point to see its image' : ''}.</p>
<div class="planes" role="group" aria-label="Projection">${switches.join('')}</div>
<ul class="legend classes">${legend.join('')}</ul>
<div class="grid scatters">
${scatters.map((scatter) => figure(scatter, 'square', scatter.subtitle)).join('\n')}
</div>
${NO_SCRIPT}
</section>`;
}
