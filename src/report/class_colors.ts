// Colours for any number of classes that stay apart, also to those who see fewer colours, and from the background.

type Triple = readonly [number, number, number];

/** How light (OKLab) and how vivid colours may be, and the luminance of the background that they stand out from. */
interface Range {
  readonly lightness: readonly [low: number, high: number];
  readonly chroma: number;
  readonly background: number;
}

const RANGES = {
  light: { lightness: [0.45, 0.7], chroma: 0.21, background: 0.98 },
  dark: { lightness: [0.52, 0.9], chroma: 0.18, background: 0.009 },
} as const satisfies Record<string, Range>;

/** WCAG 2.2, 1.4.11: of what has to be seen to understand a graphic; with a little to spare for rounding. */
const CONTRAST = 3.05;

/** More colours than these no eye keeps apart in a crowd of points; classes beyond share a colour, in another shape. */
const USUAL = 12;
const MOST = 25;

/** How many colours so many classes take, where each comes in so many shapes. */
export const colorCount = (classes: number, shapes: number): number =>
  Math.min(MOST, Math.max(Math.min(classes, USUAL), Math.ceil(classes / shapes)));

/** Colours as `#rrggbb`, the first ones furthest apart; fewer never depend on chance. */
export function classColors(count: number, scheme: keyof typeof RANGES): string[] {
  const candidates = candidatesIn(RANGES[scheme]);
  const chosen = farthest(candidates, count);
  improve(chosen, candidates);
  return chosen.map(({ rgb }) => hex(rgb));
}

interface Candidate {
  readonly rgb: Triple;
  /** In OKLab, as seen by most and in protanopia and deuteranopia. */
  readonly seen: Triple;
  readonly protan: Triple;
  readonly deutan: Triple;
}

const CHROMAS = [0.02, 0.1, 0.14, 0.18, 0.21];
const STEPS = { lightness: 6, hue: 48 };

function candidatesIn({ lightness: [low, high], chroma: most, background }: Range): Candidate[] {
  const found: Candidate[] = [];
  for (let step = 0; step <= STEPS.lightness; step++)
    for (const chroma of CHROMAS.filter((value) => value <= most))
      for (let turn = 0; turn < STEPS.hue; turn++) {
        const angle = (2 * Math.PI * turn) / STEPS.hue;
        const seen: Triple = [
          low + (step / STEPS.lightness) * (high - low),
          chroma * Math.cos(angle),
          chroma * Math.sin(angle),
        ];
        const rgb = toLinear(seen);
        if (rgb.every((value) => value >= 0 && value <= 1) && contrast(rgb, background) >= CONTRAST)
          found.push({ rgb, seen, protan: toLab(times(PROTANOPIA, rgb)), deutan: toLab(times(DEUTERANOPIA, rgb)) });
      }
  return found;
}

function contrast([r, g, b]: Triple, background: number): number {
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return (Math.max(luminance, background) + 0.05) / (Math.min(luminance, background) + 0.05);
}

/** From a blue on, each time the candidate that is furthest from all that are chosen. */
function farthest(candidates: readonly Candidate[], count: number): Candidate[] {
  const fromBlue = candidates.map(({ seen }) => Math.hypot(seen[0] - 0.57, seen[1] + 0.05, seen[2] + 0.13));
  const chosen = [candidates[fromBlue.indexOf(Math.min(...fromBlue))] as Candidate];
  const nearest = candidates.map((one) => distance(one, chosen[0] as Candidate));
  while (chosen.length < count) {
    const next = candidates[nearest.indexOf(Math.max(...nearest))] as Candidate;
    chosen.push(next);
    for (const [i, one] of candidates.entries()) nearest[i] = Math.min(nearest[i] as number, distance(one, next));
  }
  return chosen;
}

/** Puts in place of each colour but the first whatever is further from all others, a few times over. */
function improve(chosen: Candidate[], candidates: readonly Candidate[]): void {
  for (let pass = 0; pass < 4; pass++)
    for (let i = 1; i < chosen.length; i++) {
      const others = chosen.filter((_, j) => j !== i);
      const nearestTo = (one: Candidate) => Math.min(...others.map((other) => distance(one, other)));
      let best = nearestTo(chosen[i] as Candidate);
      for (const one of candidates) {
        if (others.some((other) => distance(one, other) <= best)) continue;
        best = nearestTo(one);
        chosen[i] = one;
      }
    }
}

/**
 * The least of what each eye sees. Names of colours go by hue, so lightness counts less; where hues fall together half of the
 * distance has to do, since shapes tell classes apart as well.
 */
const distance = (a: Candidate, b: Candidate): number =>
  Math.min(
    Math.hypot(0.7 * (a.seen[0] - b.seen[0]), a.seen[1] - b.seen[1], a.seen[2] - b.seen[2]),
    2 * between(a.protan, b.protan),
    2 * between(a.deutan, b.deutan),
  );

const between = (a: Triple, b: Triple): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

/** Full severity, on linear RGB: Machado, Oliveira and Fernandes, 2009. */
const PROTANOPIA = [
  [0.152286, 1.052583, -0.204868],
  [0.114503, 0.786281, 0.099216],
  [-0.003882, -0.048116, 1.051998],
] as const;
const DEUTERANOPIA = [
  [0.367322, 0.860646, -0.227968],
  [0.280085, 0.672501, 0.047413],
  [-0.01182, 0.04294, 0.968881],
] as const;

const times = (rows: readonly [Triple, Triple, Triple], [x, y, z]: Triple): Triple => {
  const [a, b, c] = rows.map((row) => row[0] * x + row[1] * y + row[2] * z) as [number, number, number];
  return [a, b, c];
};

/** OKLab: Björn Ottosson, "A perceptual color space for image processing", 2020. */
const LAB_TO_CONE = [
  [1, 0.3963377774, 0.2158037573],
  [1, -0.1055613458, -0.0638541728],
  [1, -0.0894841775, -1.291485548],
] as const;
const CONE_TO_LINEAR = [
  [4.0767416621, -3.3077115913, 0.2309699292],
  [-1.2684380046, 2.6097574011, -0.3413193965],
  [-0.0041960863, -0.7034186147, 1.707614701],
] as const;
const LINEAR_TO_CONE = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
] as const;
const CONE_TO_LAB = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
] as const;

const each = ([x, y, z]: Triple, f: (value: number) => number): Triple => [f(x), f(y), f(z)];

const toLinear = (lab: Triple): Triple =>
  times(
    CONE_TO_LINEAR,
    each(times(LAB_TO_CONE, lab), (value) => value ** 3),
  );

const toLab = (rgb: Triple): Triple => times(CONE_TO_LAB, each(times(LINEAR_TO_CONE, rgb), Math.cbrt));

const hex = (rgb: Triple): string =>
  `#${each(rgb, (value) => Math.round(255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055)))
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')}`;
