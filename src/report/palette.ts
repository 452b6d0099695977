// Colours, shapes and dashes of methods and classes, for both colour schemes. Shapes repeat what colours say.
import { classColors, colorCount } from './class_colors.ts';

/** Few, and also the colour of text, so they are chosen by hand. */
const METHODS = {
  light: ['#0072b2', '#d55e00', '#00806a', '#a8467f', '#a87a00', '#4a5560'],
  dark: ['#58b0f0', '#ff8b4d', '#35c9a5', '#e793c3', '#e8b93c', '#b4bec8'],
} as const;

/** The colours of a page with so many classes, by scheme. */
export const palette = (scheme: keyof typeof METHODS, classes: number) => ({
  methods: METHODS[scheme],
  classes: classColors(colorCount(classes, shapes.length), scheme),
});

/** Names are those of Chart.js; paths fit a box from -5 to 5. */
export const shapes = [
  { name: 'circle', path: 'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z' },
  { name: 'triangle', path: 'M0-4.6L4.4 3.4H-4.4z' },
  { name: 'rect', path: 'M-3.6-3.6h7.2v7.2h-7.2z' },
  { name: 'rectRot', path: 'M0-4.8L4.8 0L0 4.8L-4.8 0z' },
] as const;

/** Lengths of strokes and gaps, by method. */
export const dashes: readonly (readonly number[])[] = [[2, 3], [7, 3], [], [9, 3, 2, 3], [14, 4], [4, 4]];

/** Which colour and which shape the i-th of so many classes has: no two of a hundred have both in common. */
export function classStyle(i: number, classes: number) {
  const colors = colorCount(classes, shapes.length);
  const color = i % colors;
  return { color, shape: shapes[(color + Math.floor(i / colors)) % shapes.length]! };
}

/** Which colour, shape and dashes the i-th method has. */
export const methodStyle = (i: number) => ({
  color: i % METHODS.light.length,
  shape: shapes[i % shapes.length]!,
  dash: dashes[i % dashes.length]!,
});
