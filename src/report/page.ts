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
} from 'chart.js';
import type { Charts, Curves, Scatter } from './charts.ts';
import { classStyle, methodStyle } from './palette.ts';

Chart.register(LinearScale, LineController, LineElement, PointElement, ScatterController, Tooltip);

const LABEL_HEIGHT = 16;
const MARKS = 8;

const charts = JSON.parse(document.getElementById('charts')?.textContent ?? '{}') as Charts;
let drawn: Chart[] = [];
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
  const options: ChartOptions<'line'> = {
    animation: false,
    maintainAspectRatio: false,
    interaction: { mode: 'nearest', axis: 'x', intersect: false },
    layout: { padding: { top: 6 + charts.switches.length * LABEL_HEIGHT, right: 8 } },
    scales: {
      x: { type: 'linear', ...axis('epochs trained'), min: 0, ticks: { ...axis('').ticks, precision: 0 } },
      y: { ...axis(yTitle), grace: '4%' },
    },
    plugins: {
      tooltip: {
        ...tooltip(),
        callbacks: { title: ([item]) => (item ? `epochs trained: ${item.parsed.x}` : '') },
      },
    },
  };
  return new Chart(canvas(id), { type: 'line', data: { datasets }, options, plugins: [stageSwitches()] });
}

function drawScatter({ id, points, labels }: Scatter): Chart {
  const datasets = charts.classes.map((label, index): ChartDataset<'scatter'> => {
    const style = classStyle(index);
    const faint = focus !== undefined && focus !== index;
    const own = faint ? color('--faint') : color(`--class-${style.color}`);
    return {
      label,
      data: points.filter((_, i) => labels[i] === index).map(([x, y]) => ({ x, y })),
      backgroundColor: own,
      // A thin edge in the colour of the background parts points that overlap.
      borderColor: color('--plot'),
      borderWidth: 0.5,
      pointStyle: style.shape.name,
      pointRadius: focus === index ? 4 : 3.2,
      // The class in focus is drawn above the others.
      order: faint ? 1 : 0,
    };
  });
  const bare = { type: 'linear', grace: '3%', display: false } as const;
  const options: ChartOptions<'scatter'> = {
    animation: false,
    maintainAspectRatio: false,
    layout: { padding: 6 },
    scales: { x: bare, y: bare },
    plugins: { tooltip: { ...tooltip(), callbacks: { label: ({ dataset }) => ` ${dataset.label}` } } },
  };
  return new Chart(canvas(id), { type: 'scatter', data: { datasets }, options });
}

function draw(): void {
  for (const chart of drawn) chart.destroy();
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  drawn = [...[...charts.scores, ...charts.losses].map(drawCurves), ...charts.scatters.map(drawScatter)];
}

const buttons = [...document.querySelectorAll<HTMLButtonElement>('button[data-class]')];
for (const button of buttons) {
  button.disabled = false;
  button.addEventListener('click', () => {
    const own = Number(button.dataset.class);
    focus = focus === own ? undefined : own;
    for (const other of buttons) other.setAttribute('aria-pressed', String(Number(other.dataset.class) === focus));
    draw();
  });
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
draw();
