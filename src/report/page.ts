// The script of the report's page: draws the charts whose data the page carries, in the colours of its style sheet.
import {
  Chart,
  type ChartDataset,
  type ChartOptions,
  LinearScale,
  LineController,
  LineElement,
  type Plugin,
  PointElement,
  ScatterController,
  Tooltip,
  type TooltipModel,
} from 'chart.js';
import type { Charts, Curves, Scatter } from './charts.ts';
import { drawMatrix } from './matrix.ts';
import { classStyle, methodStyle } from './palette.ts';

Chart.register(LinearScale, LineController, LineElement, PointElement, ScatterController, Tooltip);

const LABEL_HEIGHT = 16;
const MARKS = 8;

const charts = JSON.parse(document.getElementById('charts')?.textContent ?? '{}') as Charts;
let drawn: Chart[] = [];
/** Which of its planes each plot shows. */
let plane = 0;
/** The class that is shown alone, others being faint. */
let focus: number | undefined;

const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function canvas(id: string): HTMLCanvasElement {
  return document.getElementById(id) as HTMLCanvasElement;
}

/** Vertical lines where methods go over to their second stage, with labels in the space above the plot. */
function stageSwitches(): Plugin<'line'> {
  return {
    id: 'stage-switches',
    beforeDatasetsDraw({ ctx, chartArea: { left, right, top, bottom }, scales }) {
      ctx.save();
      ctx.font = `11px ${Chart.defaults.font.family}`;
      ctx.textBaseline = 'middle';
      for (const [row, { epoch, label, method }] of charts.switches.entries()) {
        const x = Math.round(scales.x!.getPixelForValue(epoch)) + 0.5;
        const y = top - (charts.switches.length - row - 0.5) * LABEL_HEIGHT;
        ctx.strokeStyle = ctx.fillStyle = color(`--method-${methodStyle(method).color}`);
        ctx.lineWidth = 1;
        ctx.setLineDash([3, 3]);
        ctx.beginPath();
        ctx.moveTo(x, y);
        ctx.lineTo(x, bottom);
        ctx.stroke();
        const width = ctx.measureText(label).width;
        const start = x + 6 + width <= right || x < (left + right) / 2 ? x + 6 : x - 6 - width;
        ctx.clearRect(start - 2, y - LABEL_HEIGHT / 2, width + 4, LABEL_HEIGHT);
        ctx.fillText(label, start, y);
      }
      ctx.restore();
    },
  };
}

/** Pixels between two bars at the right end of a plot. */
const BAR_STEP = 7;

/** The intervals of the last values, beside the plot so that none hides another. */
function intervalBars(lines: Curves['lines']): Plugin<'line'> {
  return {
    id: 'interval-bars',
    afterDatasetsDraw({ ctx, chartArea: { right }, scales }) {
      ctx.save();
      ctx.lineWidth = 1.5;
      for (const [place, { method, interval, points }] of lines.entries()) {
        if (!interval) continue;
        const x = right + (place + 1.5) * BAR_STEP;
        const [low, high, last] = [...interval, points.at(-1)?.[1] ?? 0].map((value) =>
          scales.y!.getPixelForValue(value),
        );
        ctx.strokeStyle = ctx.fillStyle = color(`--method-${methodStyle(method).color}`);
        ctx.beginPath();
        ctx.moveTo(x, low!);
        ctx.lineTo(x, high!);
        for (const end of [low!, high!]) {
          ctx.moveTo(x - 2.5, end);
          ctx.lineTo(x + 2.5, end);
        }
        ctx.stroke();
        ctx.beginPath();
        ctx.arc(x, last!, 2.2, 0, 2 * Math.PI);
        ctx.fill();
      }
      ctx.restore();
    },
  };
}

function axis(text: string) {
  return {
    title: { display: true, text, color: color('--muted'), font: { size: 12 } },
    grid: { color: color('--grid'), tickColor: 'transparent' },
    border: { color: color('--axis') },
    ticks: { color: color('--muted'), font: { size: 11 }, maxRotation: 0, autoSkipPadding: 16 },
  };
}

function tooltip() {
  return {
    backgroundColor: color('--tooltip'),
    titleColor: color('--ink'),
    bodyColor: color('--ink'),
    borderColor: color('--axis'),
    borderWidth: 1,
    padding: 10,
    boxPadding: 4,
    usePointStyle: true,
  };
}

/**
 * Marks on every point would hide the dashes, so a line has about MARKS of them, at other epochs than its neighbours.
 * A point without a line to either side would not be seen without its mark.
 */
function hasMark(points: Curves['lines'][number]['points'], i: number, method: number): boolean {
  const isAlone = (points[i - 1]?.[1] ?? null) === null && (points[i + 1]?.[1] ?? null) === null;
  return isAlone || (i - method) % Math.ceil(points.length / MARKS) === 0;
}

function drawCurves({ id, axis: yTitle, lines }: Curves): Chart {
  const datasets = lines.map(({ method, points }): ChartDataset<'line'> => {
    const style = methodStyle(method);
    const own = color(`--method-${style.color}`);
    return {
      label: charts.methods[method] ?? '',
      data: points.map(([x, y]) => ({ x, y })),
      borderColor: own,
      backgroundColor: own,
      borderWidth: 2,
      borderDash: [...style.dash],
      pointStyle: style.shape.name,
      pointRadius: points.map((_, i) => (hasMark(points, i, method) ? 3.5 : 0)),
      pointHoverRadius: 5,
    };
  });
  const ends = lines.flatMap(({ interval = [] }) => interval);
  const bars = lines.filter(({ interval }) => interval).length;
  const options: ChartOptions<'line'> = {
    animation: false,
    maintainAspectRatio: false,
    interaction: { mode: 'nearest', axis: 'x', intersect: false },
    layout: { padding: { top: 6 + charts.switches.length * LABEL_HEIGHT, right: 10 + bars * BAR_STEP } },
    scales: {
      x: { type: 'linear', ...axis('epochs trained'), min: 0, ticks: { ...axis('').ticks, precision: 0 } },
      y: {
        ...axis(yTitle),
        grace: '4%',
        // An axis holds the intervals too.
        ...(ends.length > 0 && { suggestedMin: Math.min(...ends), suggestedMax: Math.max(...ends) }),
      },
    },
    plugins: {
      tooltip: {
        ...tooltip(),
        callbacks: { title: ([item]) => (item ? `epochs trained: ${item.parsed.x}` : '') },
      },
    },
  };
  return new Chart(canvas(id), {
    type: 'line',
    data: { datasets },
    options,
    plugins: [stageSwitches(), intervalBars(lines)],
  });
}

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
