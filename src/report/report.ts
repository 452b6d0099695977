// The report as one HTML page that needs nothing but itself.
import script from 'browser:./page.ts';
import { charts } from './charts.ts';
import { classSection } from './classes.ts';
import { type FlatScores, groups, type ReportData } from './data.ts';
import { curveSection, NO_SCRIPT, scatterSection } from './figures.ts';
import { escapeHtml } from './html.ts';
import { mistakeSection } from './mistakes.ts';
import { styleFor } from './style.ts';
import { summary } from './summary.ts';
import { columnsOf, comparison, legend } from './table.ts';

/** What a page shows besides: paragraphs in place of the summary, and sections before all others but the figure, as HTML. */
export interface Besides {
  /** What the page is for, which it begins with. */
  readonly figure?: 'curves' | 'features' | undefined;
  readonly lead?: readonly string[];
  readonly sections?: readonly string[];
}

/** Renders a comparison of runs, or the scores of one method, as a self-contained HTML page, which opens from a file and loads nothing. */
export function renderReport(
  data: ReportData,
  { figure: first, lead = [summary(data)], sections = [] }: Besides = {},
): string {
  const drawn = charts(data);
  const figures = { curves: curveSection(drawn), features: scatterSection(drawn) };
  const inPlace = (name: keyof typeof figures) => (name === first ? '' : figures[name]);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escapeHtml(data.title)}</title>
<link rel="icon" href="data:,">
<style>${styleFor(data.classes.length)}</style>
</head>
<body>
<header>
<h1>${escapeHtml(data.title)}</h1>
<p class="meta">${escapeHtml(data.created)} · ${escapeHtml(data.adapter)}</p>
${lead.map((text) => `<p class="lead">${escapeHtml(text)}</p>`).join('\n')}
</header>
<main>
${[
  first ? figures[first] : '',
  ...sections,
  ...(data.runs.length > 0 ? [tableSection(data)] : []),
  inPlace('curves'),
  classSection(data, drawn.confusions, NO_SCRIPT),
  mistakeSection(data),
  inPlace('features'),
  ...(data.runs.length > 0 ? [readingSection(data)] : []),
  settingsSection(data),
]
  .filter((section) => section !== '')
  .join('\n')}
</main>
${data.thumbnails ? `<img id="thumbnails" src="${data.thumbnails.url}" alt="" hidden>` : ''}
<script type="application/json" id="charts">${embed(drawn)}</script>
<script>${script.replaceAll('</script', '<\\/script')}</script>
</body>
</html>
`;
}

/** JSON for a script element, which must hold neither its end tag nor the start of a comment. */
export function embed(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** Drawn, because not every font has arrows. */
const ARROWS = {
  higher: '<svg class="arrow" viewBox="0 0 6 7" aria-hidden="true"><path d="M3 6.8V.8M.6 3.2L3 .8L5.4 3.2"/></svg>',
  lower: '<svg class="arrow" viewBox="0 0 6 7" aria-hidden="true"><path d="M3 .2V6.2M.6 3.8L3 6.2L5.4 3.8"/></svg>',
};

/** What a reader must know of scores that are not the last epoch's. */
const SELECTED = [
  ['best-val', "Of each method the epoch's model that was best on training images which were held out."],
  [
    'best-test',
    "Of each method the epoch's model that was best on these same test images, as in the paper: this flatters it.",
  ],
] as const;

function tableSection(data: ReportData): string {
  const heads = columnsOf(data).map(({ heading, unit, better }) => {
    const words = better ? `${ARROWS[better]}<span class="hidden">, ${better} is better</span>` : '';
    return `<th scope="col">${heading}${unit ? ` <small>${unit}</small>` : ''}${words}</th>`;
  });
  const rows = comparison(data).map(({ label, reference, cells }) => {
    const texts = cells.map(({ text, interval, best }) => {
      const beside = interval ? `<small><span class="hidden">, 95 % interval </span>${interval}</small>` : '';
      return `<td${best ? ' class="best"' : ''}><span>${text}</span>${best ? '<span class="hidden">, best</span>' : ''}${beside}</td>`;
    });
    return `<tr${reference ? ' class="reference"' : ''}><th scope="row">${escapeHtml(label)}</th>${texts.join('')}</tr>`;
  });
  const methods = groups(data.runs);
  const seeds = Math.max(...methods.map(({ runs }) => runs.length));
  const { interval, best, missing } = legend(data);
  const notes = [
    'On the test images, after training.',
    ...SELECTED.flatMap(([rule, note]) => (data.runs.some(({ selected }) => selected?.rule === rule) ? [note] : [])),
    `${ARROWS.higher}&nbsp;higher is better, ${ARROWS.lower}&nbsp;lower is better.`,
    ...(seeds > 1 ? [`Mean ± standard deviation of up to ${seeds} seeds.`] : []),
    ...(interval ? [`In small figures: the ${interval}.`] : []),
    ...(best ? [`<span class="key"></span>&nbsp;${best}.`] : []),
    ...(missing ? [`${escapeHtml(missing)}.`] : []),
  ];
  return `<section aria-labelledby="scores">
<h2 id="scores">${methods.length > 1 ? 'Comparison' : 'Scores'}</h2>
<div class="wide" role="region" aria-labelledby="scores" tabindex="0">
<table aria-labelledby="scores" aria-describedby="scores-note">
<thead><tr><th scope="col">Method</th>${heads.join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</div>
<p class="hint" hidden>There are more columns: scroll the table sideways&nbsp;<span aria-hidden="true">→</span></p>
<p class="note" id="scores-note">${notes.join(' ')}</p>
</section>`;
}

function readingSection(data: ReportData): string {
  const { runs } = data;
  const oneSeed = new Set(runs.map(({ seed }) => seed)).size === 1;
  const entries = [
    ...(has(data, 'top1')
      ? [['Top-1', 'The share of test images whose most probable class is the right one. Higher is better.']]
      : []),
    ...(has(data, 'top5') ? [['Top-5', 'The share whose class is among the five most probable ones.']] : []),
    ...(has(data, 'ece')
      ? [
          [
            'ECE',
            'The expected calibration error: how far the probability that the classifier gives to its answers is from the share of them that is right, over 15 ranges of probability. Lower is better.',
          ],
        ]
      : []),
    ...(has(data, 'knn')
      ? [
          [
            'k-NN',
            'The share of test images whose most similar training images are mostly of their class (200 of them, by cosine): what the features are worth without a classifier.',
          ],
        ]
      : []),
    ...(has(data, 'probe')
      ? [['Linear probe', 'The top-1 of a linear classifier that was trained on the features as they are.']]
      : []),
    [
      'S_Dbw',
      'How well the classes part in feature space: Scat + Dens_bw, computed on all dimensions of the features. Lower is better.',
    ],
    ['Scat', 'How widely each class scatters, compared with all features together.'],
    ['Dens_bw', 'How crowded the space between two classes is, compared with their centres.'],
    ['α', 'The share of epochs that the first stage, the contrastive loss alone, has; 0 for methods without it.'],
    ...(runs.some(({ losses }) => losses.length > 0)
      ? [
          [
            'Losses',
            'A total is the sum that a method minimises at the time. Methods sum up different terms, so compare their terms rather than totals.',
          ],
        ]
      : []),
    ...(runs.some(({ losses }) => losses.some(({ contrast }) => contrast))
      ? [
          [
            'Contrastive top-1',
            'The share of images whose nearest neighbour in the batch, in the projected features, is a positive: of their class, or a view of the same image.',
          ],
          [
            'Alignment, uniformity',
            'How close positives lie on the unit sphere, and how evenly all features are spread on it. Both low is good; alignment alone falls where all features become one.',
          ],
        ]
      : []),
    [
      'Scatter plots',
      'They show which classes overlap. A projection distorts distances, so trust S_Dbw where the two disagree.',
    ],
    ...(oneSeed
      ? [
          [
            'One seed',
            'Nothing here tells how much scores vary with the seed. The interval of an accuracy is for the choice of test images alone.',
          ],
        ]
      : []),
  ];
  return `<section aria-labelledby="reading">
<h2 id="reading">How to read this</h2>
<dl>
${entries.map(([term, meaning]) => `<dt>${term}</dt><dd>${meaning}</dd>`).join('\n')}
</dl>
</section>`;
}

const has = ({ runs, before }: ReportData, name: keyof FlatScores): boolean =>
  [...runs, ...(before ? [before] : [])].some((scores) => scores[name] !== undefined);

function settingsSection({ settings }: ReportData): string {
  const entries = Object.entries(settings);
  if (entries.length === 0) return '';
  return `<details>
<summary><h2>Settings</h2></summary>
<dl class="settings">
${entries.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(String(value))}</dd></div>`).join('\n')}
</dl>
</details>`;
}
