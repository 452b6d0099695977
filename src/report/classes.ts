// The part of the report that tells classes apart: how well each is recognised, and for what the others are taken.
import type { Confusion } from './charts.ts';
import { hardestFirst } from './class_table.ts';
import { type Confused, confusedMethods, strengthOf, TABLE_CLASSES } from './confused.ts';
import { type ClassShare, type ConfusionMatrix, classShares, groups, type ReportData } from './data.ts';
import { escapeHtml } from './html.ts';
import { methodStyle } from './palette.ts';

/** Pairs of classes that are listed. */
const PAIRS = 15;

/** Class by class: a table of shares, the matrices (`drawn` by the page's script where classes are many), and the most frequent confusions. */
export function classSection(data: ReportData, drawn: readonly Confusion[], noScript: string): string {
  const methods = confusedMethods(data);
  if (methods.length === 0) return '';
  const { classes } = data;
  const isTable = classes.length <= TABLE_CLASSES;
  const matrices = methods.map(({ label, method, confusion }, i) => {
    const title = methods.length > 1 ? label : 'Confusion matrix';
    const inner = isTable
      ? matrixTable(classes, confusion, method, title)
      : `<div class="matrix"><canvas id="${(drawn[i] as Confusion).id}" role="img" tabindex="0" aria-label="${escapeHtml((drawn[i] as Confusion).text)}"></canvas></div>`;
    return `<figure><figcaption><h3>${escapeHtml(title)}</h3></figcaption>${inner}</figure>`;
  });
  const how = isTable
    ? 'How many images of the row’s class were taken for the column’s.'
    : 'The stronger the colour of a place, the more images of the row’s class were taken for the column’s; point at it, or go there with the arrow keys, to see how many.';
  return `<section aria-labelledby="classes">
<h2 id="classes">Class by class</h2>
<p class="note">Test images that are recognised, in percent of each class; the class that is recognised least comes first.${meanNote(data)}</p>
${shareTable(classes, methods)}
<h3 id="confusions">What is taken for what</h3>
<p class="note">${how} <span class="both"><span class="swatch right"></span> recognised,</span> <span class="both"><span class="swatch wrong"></span> mistaken.</span></p>
<div class="grid ${isTable ? 'matrices' : 'pictures'}">
${matrices.join('\n')}
</div>
${isTable ? '' : noScript}
${pairTable(classes, methods)}
</section>`;
}

function meanNote({ runs }: ReportData): string {
  const told = groups(runs).flatMap(({ label, runs: [{ mean_per_class: mean, top1 }] }) =>
    mean !== undefined && top1 !== undefined && Math.abs(mean - top1) >= 0.05 ? [`${label} ${mean.toFixed(1)} %`] : [],
  );
  return told.length === 0
    ? ''
    : ` The mean over the classes, each of which counts alike: ${escapeHtml(told.join(', '))}.`;
}

const nameOf = (classes: readonly string[], label: number) => escapeHtml(classes[label] ?? `class ${label}`);

const paintOf = (method: number) => `var(--method-${methodStyle(method).color})`;

function shareTable(classes: readonly string[], methods: readonly Confused[]): string {
  const shares = methods.map(({ confusion }) => classShares(confusion));
  const mean = classes.map((_, label): ClassShare => {
    const own = shares.map((of) => of[label] as ClassShare);
    const known = own.flatMap(({ right }) => right ?? []);
    const total = known.reduce((sum, right) => sum + right, 0);
    return { label, images: own[0]?.images ?? 0, ...(known.length > 0 && { right: total / known.length }) };
  });
  const [only] = methods.length === 1 ? shares : [];
  const rows = hardestFirst(mean).map(({ label, images }) => {
    const cells = shares.map((of, i) => {
      const { right } = of[label] as ClassShare;
      if (right === undefined) return '<td>–</td>';
      return `<td class="bar" style="--share:${right.toFixed(1)}%;--paint:${paintOf((methods[i] as Confused).method)}">${right.toFixed(1)}</td>`;
    });
    const { taken } = only?.[label] ?? {};
    const mostly = taken ? `${nameOf(classes, taken.label)} <small>${taken.percent.toFixed(1)} %</small>` : '';
    return `<tr><th scope="row">${nameOf(classes, label)}</th><td>${images}</td>${cells.join('')}${only ? `<td class="text">${mostly}</td>` : ''}</tr>`;
  });
  const heads = methods.map(
    ({ label }) => `<th scope="col">${methods.length > 1 ? escapeHtml(label) : 'Recognised'} <small>%</small></th>`,
  );
  return `<div class="wide${classes.length > TABLE_CLASSES ? ' tall' : ''}" role="region" aria-labelledby="classes" tabindex="0">
<table class="shares" aria-labelledby="classes">
<thead><tr><th scope="col">Class</th><th scope="col">Images</th>${heads.join('')}${only ? '<th scope="col" class="text">Mostly taken for</th>' : ''}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</div>`;
}

function matrixTable(classes: readonly string[], confusion: ConfusionMatrix, method: number, title: string): string {
  const rows = confusion.map((row, label) => {
    const images = row.reduce((sum, count) => sum + count, 0);
    const cells = row.map((count, prediction) => {
      const share = images === 0 ? 0 : count / images;
      const kind = prediction === label ? 'right' : 'wrong';
      return count === 0
        ? '<td></td>'
        : `<td class="${kind}" style="--share:${strengthOf(share).toFixed(3)}">${count}</td>`;
    });
    return `<tr><th scope="row">${nameOf(classes, label)}</th>${cells.join('')}</tr>`;
  });
  const heads = classes.map((_, label) => `<th scope="col"><span>${nameOf(classes, label)}</span></th>`);
  return `<div class="wide" role="region" aria-label="${escapeHtml(title)}" tabindex="0">
<table class="confusion" data-method="${method}" aria-label="${escapeHtml(title)}: true classes in rows, what was taken for them in columns">
<thead><tr><th scope="col" class="corner"><span class="hidden">true class</span></th>${heads.join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</div>`;
}

/** What is confused most, in words and numbers, of all methods together. */
function pairTable(classes: readonly string[], methods: readonly Confused[]): string {
  const pairs = classes.flatMap((_, label) =>
    classes.flatMap((__, prediction) => {
      const counts = methods.map(({ confusion }) => confusion[label]?.[prediction] ?? 0);
      const total = counts.reduce((sum, count) => sum + count, 0);
      return label === prediction || total === 0 ? [] : [{ label, prediction, counts, total }];
    }),
  );
  if (pairs.length === 0) return '';
  const shown = pairs.sort((a, b) => b.total - a.total).slice(0, PAIRS);
  const imagesOf = ({ confusion }: Confused, label: number) =>
    (confusion[label] ?? []).reduce((sum, count) => sum + count, 0);
  const rows = shown.map(({ label, prediction, counts }) => {
    const cells = counts.map((count, i) => {
      const images = imagesOf(methods[i] as Confused, label);
      return `<td>${count} <small>of ${images}</small></td>`;
    });
    return `<tr><th scope="row">${nameOf(classes, label)}</th><td class="text">${nameOf(classes, prediction)}</td>${cells.join('')}</tr>`;
  });
  const heads = methods.map(({ label }) => `<th scope="col">${methods.length > 1 ? escapeHtml(label) : 'Images'}</th>`);
  return `<details>
<summary><h3>The most frequent confusions</h3></summary>
<div class="wide" role="region" aria-label="The most frequent confusions" tabindex="0">
<table class="pairs" aria-label="The most frequent confusions">
<thead><tr><th scope="col">Images of</th><th scope="col" class="text">are taken for</th>${heads.join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</div>
</details>`;
}
