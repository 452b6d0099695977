// The page that shows how far each cell of an experiment is, which a browser loads again by itself while cells run.
import { escapeHtml } from '../report/html.ts';
import { styleFor } from '../report/style.ts';
import { dataTitle } from '../reproduce/experiment.ts';
import type { CellState, SweepProgress } from '../reproduce/progress.ts';
import { duration } from './progress.ts';

/** Seconds after which the page is loaded again. */
const AGAIN = 3;

const HEADS = ['cell', 'data', 'seed', 'state', 'epoch', 'time left', 'worker'];

/** The page; `isOver` where nothing of it will change. */
export function sweepPage(
  title: string,
  progress: SweepProgress,
  { isOver, now }: { isOver: boolean; now: Date },
): string {
  const shown = now.toISOString().replace('T', ' ').slice(0, 19);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${isOver ? '' : `<meta http-equiv="refresh" content="${AGAIN}">`}
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${styleFor(1)}
progress { width: 100%; max-width: 46rem; height: .8rem; accent-color: var(--right); }
td:nth-child(4), td:last-child { white-space: normal; }
.failed { color: var(--wrong-ink); }
.running { font-weight: 600; }
.why { color: var(--muted); font-weight: 400; }
</style>
</head>
<body>
<header>
<h1>${escapeHtml(title)}</h1>
<p class="meta">${shown} UTC</p>
<p class="lead">${escapeHtml(summaryOf(progress))}</p>
<progress value="${progress.done}" max="${progress.cells.length}" aria-label="cells done"></progress>
</header>
<main>
<section aria-label="cells">
<div class="wide" role="region" aria-label="cells" tabindex="0">
<table>
<thead><tr>${HEADS.map((head) => `<th scope="col" class="text">${head}</th>`).join('')}</tr></thead>
<tbody>
${progress.cells.map(rowOf).join('\n')}
</tbody>
</table>
</div>
</section>
</main>
</body>
</html>
`;
}

/** "5 of 12 cells are done, 2 run, 1 failed; about 3 min left". */
export function summaryOf({ cells, done, running, failed, left }: SweepProgress): string {
  const parts = [
    `${done} of ${cells.length} cells are done`,
    ...(running > 0 ? [`${running} ${running > 1 ? 'run' : 'runs'}`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  return `${parts.join(', ')}${left === undefined ? '' : `; about ${duration(left / 1000)} left`}`;
}

/** "3/20" of a cell's epochs. */
export const epochOf = ({ epoch, epochs }: CellState): string =>
  epoch === undefined ? '–' : `${Math.min(Math.floor(epoch) + 1, epochs ?? Number.POSITIVE_INFINITY)}/${epochs}`;

function rowOf(cell: CellState): string {
  const { entry, state, worker, adapter, left, why } = cell;
  const told = `<span class="${state}">${state}</span>${why === undefined ? '' : ` <span class="why">${escapeHtml(why)}</span>`}`;
  const who = [worker, adapter].filter((part) => part !== undefined).join(', ') || '–';
  const cells = [
    escapeHtml(dataTitle(entry.dataSet)),
    `${entry.seed}`,
    told,
    state === 'finished' ? `${cell.epochs}/${cell.epochs}` : epochOf(cell),
    state === 'running' && left !== undefined ? duration(left / 1000) : '–',
    escapeHtml(who),
  ];
  return `<tr><th scope="row">${escapeHtml(entry.row)}</th>${cells.map((text) => `<td class="text">${text}</td>`).join('')}</tr>`;
}
