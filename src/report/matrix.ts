// Draws the confusion matrix of many classes into a canvas of the page, and tells the place that is pointed at.
import type { Confusion } from './charts.ts';
import { strengthOf } from './confused.ts';

/** Pixels of a name's line. */
const LINE = 12;

/** Makes a canvas show a matrix. Returns how to draw it again, as when colours or sizes change. */
export function drawMatrix(canvas: HTMLCanvasElement, { counts }: Confusion, classes: readonly string[]): () => void {
  const n = classes.length;
  const images = new Float64Array(n);
  const at = new Map<number, number>();
  for (let i = 0; i < counts.length; i += 3) {
    const [row, column, count] = counts.slice(i, i + 3) as [number, number, number];
    images[row] = (images[row] as number) + count;
    at.set(row * n + column, count);
  }
  const box = canvas.parentElement as HTMLElement;
  const card = document.createElement('div');
  card.className = 'card';
  card.setAttribute('role', 'status');
  let place: { row: number; column: number } | undefined;
  /** Where the plot begins and how large it is, in pixels of the page. */
  const plotOf = () => {
    const size = canvas.clientWidth;
    const margin = Math.min(110, 0.22 * size);
    return { size, margin, side: size - margin };
  };

  function draw(): void {
    const { size, margin, side } = plotOf();
    const scale = window.devicePixelRatio || 1;
    canvas.width = canvas.height = Math.max(1, Math.round(size * scale));
    const context = canvas.getContext('2d');
    if (!context || size === 0) return;
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => style.getPropertyValue(name).trim();
    context.scale(scale, scale);
    context.fillStyle = color('--tint');
    context.fillRect(margin, margin, side, side);
    const edge = (i: number) => margin + Math.round((i * side * scale) / n) / scale;
    for (const [key, count] of at) {
      const [row, column] = [Math.floor(key / n), key % n];
      context.fillStyle = color(row === column ? '--right' : '--wrong');
      // Single images are seen too.
      context.globalAlpha = 0.3 + 0.7 * strengthOf(count / (images[row] as number));
      const [x, y] = [edge(column), edge(row)];
      context.fillRect(x, y, edge(column + 1) - x, edge(row + 1) - y);
    }
    context.globalAlpha = 1;
    drawNames(context, color('--muted'));
    if (!place) return;
    const [x, y] = [edge(place.column), edge(place.row)];
    context.strokeStyle = color('--ink');
    context.strokeRect(x - 0.5, y - 0.5, edge(place.column + 1) - x + 1, edge(place.row + 1) - y + 1);
  }

  /** As many names as there is room for, those of rows at the left and those of columns above. */
  function drawNames(context: CanvasRenderingContext2D, paint: string): void {
    const { margin, side } = plotOf();
    context.fillStyle = paint;
    context.font = `10px ${getComputedStyle(document.body).fontFamily}`;
    context.textBaseline = 'middle';
    const step = Math.ceil((LINE * n) / side);
    for (let i = 0; i < n; i += step) {
      const middle = margin + ((i + 0.5) * side) / n;
      const name = shortened(context, classes[i] as string, margin - 8);
      context.textAlign = 'right';
      context.fillText(name, margin - 5, middle);
      context.save();
      context.translate(middle, margin - 5);
      context.rotate(-Math.PI / 2);
      context.textAlign = 'left';
      context.fillText(name, 0, 0);
      context.restore();
    }
  }

  function show(next: typeof place): void {
    place = next;
    draw();
    if (!place) {
      card.remove();
      return;
    }
    const { row, column } = place;
    const count = at.get(row * n + column) ?? 0;
    const verdict = row === column ? 'recognised' : `taken for ${classes[column]}`;
    const share = images[row] ? ` (${((100 * count) / images[row]).toFixed(1)} %)` : '';
    card.textContent = `${classes[row]}, ${verdict}: ${count} of ${images[row]}${share}`;
    box.append(card);
    const { margin, side } = plotOf();
    const [x, y] = [column, row].map((i) => margin + ((i + 0.5) * side) / n) as [number, number];
    card.style.left = `${Math.max(0, Math.min(box.clientWidth - card.offsetWidth, x - card.offsetWidth / 2))}px`;
    card.style.top = `${y > box.clientHeight / 2 ? y - card.offsetHeight - 10 : y + 10}px`;
  }

  const point = (event: PointerEvent) => {
    const { margin, side } = plotOf();
    const [column, row] = [event.offsetX, event.offsetY].map((pixel) => Math.floor(((pixel - margin) * n) / side)) as [
      number,
      number,
    ];
    const isInside = [row, column].every((i) => i >= 0 && i < n);
    show(isInside ? { row, column } : undefined);
  };
  canvas.addEventListener('pointermove', point);
  canvas.addEventListener('pointerdown', point);
  canvas.addEventListener('pointerleave', () => show(undefined));
  canvas.addEventListener('blur', () => show(undefined));
  canvas.addEventListener('keydown', (event) => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!move) return;
    event.preventDefault();
    const bounded = (i: number) => Math.max(0, Math.min(n - 1, i));
    const { row, column } = place ?? { row: 0, column: -1 };
    show({ row: bounded(row + (move[0] as number)), column: bounded(column + (move[1] as number)) });
  });
  new ResizeObserver(draw).observe(canvas);
  return draw;
}

/** A text with as many of its first letters as fit. */
function shortened(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let length = text.length;
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > width) length--;
  return `${text.slice(0, length)}…`;
}
