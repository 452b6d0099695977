// The script of the report's page: draws the charts whose data the page carries, in the colours of its style sheet.
import {
  Chart,
  type ChartDataset,
  type ChartOptions,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  ScatterController,
  Tooltip,
  type TooltipModel,
} from 'chart.js';
import type { Scatter } from './charts.ts';
import { drawMatrix } from './matrix.ts';
import { drawCurves } from './page_curves.ts';
import { canvas, charts, color } from './page_data.ts';
import { classStyle } from './palette.ts';

Chart.register(LinearScale, LineController, LineElement, PointElement, ScatterController, Tooltip);

let drawn: Chart[] = [];
/** Which of its planes each plot shows. */
let plane = 0;
/** The class that is shown alone, others being faint. */
let focus: number | undefined;

/** A point of a scatter plot that knows its place in it. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly index: number;
}

const thumbnails = document.getElementById('thumbnails') as HTMLImageElement | null;
/** Times that a picture is enlarged. */
const ZOOM = 3;

/** Shows the image of the point under the pointer, and what it was taken for; marks it in the other plots, too. */
function imageCard({ labels, predictions, images }: Scatter) {
  const card = document.createElement('div');
  card.className = 'card';
  return ({ chart, tooltip }: { chart: Chart; tooltip: TooltipModel<'scatter'> }) => {
    const box = chart.canvas.parentElement as HTMLElement;
    const [item] = tooltip.dataPoints ?? [];
    if (tooltip.opacity === 0 || !item) {
      card.remove();
      mark(chart, []);
      return;
    }
    const { index } = item.raw as Place;
    const own = labels[index] as number;
    const taken = predictions?.[index];
    const name = (label: number) => charts.classes[label] ?? `class ${label}`;
    const text = document.createElement('p');
    text.textContent = name(own);
    const verdict = document.createElement('p');
    if (taken !== undefined) {
      verdict.textContent = taken === own ? 'recognised' : `taken for ${name(taken)}`;
      verdict.className = taken === own ? '' : 'wrong';
    }
    card.replaceChildren(...picture(images[index] as number), text, verdict);
    box.append(card);
    const { caretX: x, caretY: y } = tooltip;
    card.style.left = `${Math.max(4, Math.min(box.clientWidth - card.offsetWidth - 4, x - card.offsetWidth / 2))}px`;
    card.style.top = `${y > box.clientHeight / 2 ? y - card.offsetHeight - 12 : y + 12}px`;
    mark(chart, [{ datasetIndex: item.datasetIndex, index: item.dataIndex }]);
  };
}

function picture(image: number): HTMLElement[] {
  if (!charts.thumbnails || !thumbnails) return [];
  const { columns, width, height } = charts.thumbnails;
  const drawn = document.createElement('canvas');
  [drawn.width, drawn.height] = [width, height];
  drawn.style.width = `${ZOOM * width}px`;
  drawn
    .getContext('2d')
    ?.drawImage(
      thumbnails,
      (image % columns) * width,
      Math.floor(image / columns) * height,
      width,
      height,
      0,
      0,
      width,
      height,
    );
  return [drawn];
}

/** Plots with pictures show the same images in the same order. */
function mark(from: Chart, active: { datasetIndex: number; index: number }[]): void {
  if (!charts.thumbnails) return;
  for (const chart of drawn.slice(-charts.scatters.length)) {
    if (chart === from) continue;
    chart.setActiveElements(active);
    chart.render();
  }
}

function drawScatter(scatter: Scatter): Chart {
  const { id, planes, labels } = scatter;
  const points = planes[plane] ?? [];
  const datasets = charts.classes.map((label, index): ChartDataset<'scatter'> => {
    const style = classStyle(index, charts.classes.length);
    const faint = focus !== undefined && focus !== index;
    const own = faint ? color('--faint') : color(`--class-${style.color}`);
    return {
      label,
      data: points.flatMap(([x, y], i): Place[] => (labels[i] === index ? [{ x, y, index: i }] : [])),
      backgroundColor: own,
      // A thin edge in the colour of the background parts points that overlap.
      borderColor: color('--plot'),
      borderWidth: 0.5,
      pointStyle: style.shape.name,
      pointRadius: focus === index ? 4 : 3.2,
      pointHoverRadius: 7,
      pointHoverBorderColor: color('--ink'),
      pointHoverBorderWidth: 1.5,
      // The class in focus is drawn above the others.
      order: faint ? 1 : 0,
    };
  });
  const bare = { type: 'linear', grace: '3%', display: false } as const;
  const options: ChartOptions<'scatter'> = {
    animation: false,
    maintainAspectRatio: false,
    // One point at a time: the nearest, where the pointer is near enough to one.
    interaction: { mode: 'nearest', intersect: true },
    elements: { point: { hitRadius: 3 } },
    layout: { padding: 6 },
    scales: { x: bare, y: bare },
    plugins: { tooltip: { enabled: false, external: imageCard(scatter) } },
  };
  return new Chart(canvas(id), { type: 'scatter', data: { datasets }, options });
}

function draw(): void {
  for (const chart of drawn) chart.destroy();
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  const curves = [...charts.scores, ...charts.losses, ...charts.contrasts];
  drawn = [...curves.map(drawCurves), ...charts.scatters.map(drawScatter)];
  for (const redraw of matrices) redraw();
}

const matrices = charts.confusions.map((confusion) => drawMatrix(canvas(confusion.id), confusion, charts.classes));

/** Buttons of which one or none is pressed, that which has the number that `choose` returns. */
function choices(name: 'class' | 'plane', choose: (own: number) => number | undefined): void {
  const buttons = [...document.querySelectorAll<HTMLButtonElement>(`button[data-${name}]`)];
  const numberOf = (button: HTMLButtonElement) => Number(button.dataset[name]);
  for (const button of buttons) {
    button.disabled = false;
    button.addEventListener('click', () => {
      const chosen = choose(numberOf(button));
      for (const other of buttons) other.setAttribute('aria-pressed', String(numberOf(other) === chosen));
      draw();
    });
  }
}

choices('class', (own) => {
  focus = focus === own ? undefined : own;
  return focus;
});
choices('plane', (own) => {
  plane = own;
  return plane;
});

/** A table that is wider than its place says so, where no scroll bar does. */
function showCut(table: HTMLElement): void {
  const hidden = table.scrollWidth - table.clientWidth - table.scrollLeft;
  table.classList.toggle('cut', hidden > 1);
  const hint = table.nextElementSibling as HTMLElement | null;
  if (hint?.className === 'hint') hint.hidden = table.scrollWidth <= table.clientWidth + 1;
}
for (const table of document.querySelectorAll<HTMLElement>('.wide')) {
  table.addEventListener('scroll', () => showCut(table));
  new ResizeObserver(() => showCut(table)).observe(table);
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
draw();
