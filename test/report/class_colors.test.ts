import { classColors, colorCount } from '../../src/report/class_colors.ts';
import { classStyle, shapes } from '../../src/report/palette.ts';
import { styleFor } from '../../src/report/style.ts';
import { assert, suite } from '../harness.ts';

const test = suite('class colours');

type Rgb = [number, number, number];

const linearOf = (hex: string): Rgb =>
  [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)) as Rgb;

const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b;

const contrast = (a: string, b: string): number => {
  const [low, high] = [luminance(linearOf(a)), luminance(linearOf(b))].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
};

/** CIELAB under D65, and its plain Euclidean distance of 1976: another measure than the one that chooses. */
const labOf = (hex: string): Rgb => {
  const [r, g, b] = linearOf(hex);
  const [x, y, z] = [
    (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
    0.2126 * r + 0.7152 * g + 0.0722 * b,
    (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
  ].map((v) => (v > 216 / 24389 ? Math.cbrt(v) : (24389 / 27) * (v / 116) + 16 / 116)) as Rgb;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
};
const difference = (a: string, b: string) => Math.hypot(...labOf(a).map((v, i) => v - labOf(b)[i]!));

const BACKGROUND = { light: '#fdfdfb', dark: '#16181b' };

// A difference of 2.3 is just seen side by side; points of a few pixels in a crowd need many times that.
for (const [classes, least] of [
  [1, Number.POSITIVE_INFINITY],
  [2, 80],
  [3, 60],
  [5, 40],
  [10, 25],
  [12, 20],
  [100, 10],
] as const)
  for (const scheme of ['light', 'dark'] as const)
    test(`${classes} classes stay apart, and from a ${scheme} page`, () => {
      const colors = classColors(colorCount(classes, shapes.length), scheme);
      const pairs = colors.flatMap((a, i) => colors.slice(0, i).map((b) => difference(a, b)));
      assert.ok(Math.min(...pairs) >= least, `${Math.min(...pairs).toFixed(1)}: ${colors.join(' ')}`);
      for (const color of colors) assert.ok(contrast(color, BACKGROUND[scheme]) >= 3, color);
    });

test('no two of a hundred classes have colour and shape in common', () => {
  for (const classes of [1, 2, 3, 10, 13, 47, 48, 49, 100]) {
    const styles = Array.from({ length: classes }, (_, i) => classStyle(i, classes));
    assert.is(new Set(styles.map(({ color, shape }) => `${color} ${shape.name}`)).size, classes);
    const defined = new Set(styleFor(classes).match(/--class-\d+/g));
    for (const { color } of styles) assert.ok(defined.has(`--class-${color}`));
  }
});

test.run();
