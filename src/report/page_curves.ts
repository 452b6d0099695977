// Draws curves over epochs, with the ends of first stages and the intervals of last values.
import { Chart, type ChartDataset, type ChartOptions, type Plugin } from 'chart.js';
import type { Curves } from './charts.ts';
import { canvas, charts, color } from './page_data.ts';
import { methodStyle } from './palette.ts';

const { switches } = charts;

const LABEL_HEIGHT = 16;
const MARKS = 8;

/** Vertical lines where methods go over to their second stage, with labels in the space above the plot. */
function stageSwitches(): Plugin<'line'> {
  return {
    id: 'stage-switches',
    beforeDatasetsDraw({ ctx, chartArea: { left, right, top, bottom }, scales }) {
      ctx.save();
      ctx.font = `11px ${Chart.defaults.font.family}`;
      ctx.textBaseline = 'middle';
      for (const [row, { epoch, method, texts }] of switches.entries()) {
        const x = Math.round(scales.x!.getPixelForValue(epoch)) + 0.5;
        const y = top - (switches.length - row - 0.5) * LABEL_HEIGHT;
        ctx.strokeStyle = ctx.fillStyle = color(
          method === undefined ? '--muted' : `--method-${methodStyle(method).color}`,
        );
        ctx.lineWidth = 1;
        ctx.setLineDash([3, 3]);
        ctx.beginPath();
        ctx.moveTo(x, y);
        ctx.lineTo(x, bottom);
        ctx.stroke();
        const room = Math.max(right - x, x - left) - 6;
        const text = texts.find((text) => ctx.measureText(text).width <= room) ?? (texts.at(-1) as string);
        const { width } = ctx.measureText(text);
        const start = x + 6 + width <= right || x < (left + right) / 2 ? x + 6 : x - 6 - width;
        ctx.clearRect(start - 2, y - LABEL_HEIGHT / 2, width + 4, LABEL_HEIGHT);
        ctx.fillText(text, start, y);
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

/** Room above and below the lines, of their range. */
const GRACE = 0.04;

export function drawCurves({ id, axis: yTitle, lines }: Curves): Chart {
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
  const heights = [...ends, ...lines.flatMap(({ points }) => points.flatMap(([, y]) => y ?? []))];
  const [lowest, highest] = [Math.min(...heights), Math.max(...heights)];
  const bars = lines.filter(({ interval }) => interval).length;
  const options: ChartOptions<'line'> = {
    animation: false,
    maintainAspectRatio: false,
    interaction: { mode: 'nearest', axis: 'x', intersect: false },
    layout: { padding: { top: 6 + switches.length * LABEL_HEIGHT, right: 10 + bars * BAR_STEP } },
    scales: {
      x: { type: 'linear', ...axis('epochs trained'), min: 0, ticks: { ...axis('').ticks, precision: 0 } },
      y: {
        ...axis(yTitle),
        grace: `${100 * GRACE}%`,
        // What is never negative has no axis below 0.
        ...(lowest >= 0 && lowest < GRACE * (highest - lowest) && { min: 0 }),
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
