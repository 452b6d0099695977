// Faults of augmentation: kernels, the draws they are given, and recipes.
import { noticedBy } from './mutant.ts';

const RESAMPLE = 'kernels/augment/resample.wgsl';
const DRAW = 'kernels/augment/draw.wgsl';
const COLOR = 'kernels/augment/color.wgsl';
const HISTOGRAM = 'kernels/augment/histogram.wgsl';
const NEIGHBOURS = 'kernels/augment/neighbours.wgsl';

export const mutants = [
  ...noticedBy(
    'conformance/augment.test.ts',
    '',
    ['resizing is not antialiased', RESAMPLE, 'let stretch = max(1.0, crop / grid);', 'let stretch = 1.0;'],
    [
      'pixels outside of the crop count',
      RESAMPLE,
      'floor(centre + support + 0.5), crop)',
      'floor(centre + support + 0.5), crop + 1.0)',
    ],
    ['bicubic has another a', RESAMPLE, '(1.5 * distance - 2.5)', '(1.25 * distance - 2.25)'],
    ['a flip is off by one', RESAMPLE, 'f32(params.width) - 1.0 - pixel.y', 'f32(params.width) - pixel.y'],
    [
      'the ratio of a crop is of height to width',
      DRAW,
      'vec2f(area / ratio, area * ratio)',
      'vec2f(area * ratio, area / ratio)',
    ],
    ['the last of several tries that fit is taken', DRAW, '(part.failed == TRIES) & all', 'all'],
    ['the shorter side is the longer one', DRAW, 'size.x > size.y), select', 'size.x < size.y), select'],
    [
      'a colour is not clipped',
      COLOR,
      'clamp(base + argument * (pixel - base), vec4f(), vec4f(255.0))',
      '(base + argument * (pixel - base))',
    ],
    ['hue turns the other way', COLOR, 'fract(hue / 6.0 + turn)', 'fract(hue / 6.0 - turn)'],
    [
      'bicubic of transforms is that of resizing',
      NEIGHBOURS,
      '(part - 2.0) * part * part + 1.0',
      '(1.5 * part - 2.5) * part * part + 1.0',
    ],
    ['the cut is not clipped', DRAW, 'let high = clamp(centre + half, vec2f(), size);', 'let high = centre + half;'],
    ['the partner is the view itself', 'kernels/augment/finish.wgsl', 'value(params.batch - 1u - slot', 'value(slot'],
  ),
  ...noticedBy(
    'data/augment/draws.test.ts',
    '',
    ['jitter has one order', DRAW, 'var digits = u32(whole(order, 24.0));', 'var digits = 0u;'],
    [
      'grey is taken before the jitter',
      DRAW,
      `draws[at] = vec4f(steps[0], steps[1]);
  draws[at + 1u] = vec4f(steps[2], steps[3]);
  draws[at + 2u] = vec4f(select(0.0, f32(GRAYSCALE), grey), 0.0, 0.0, 0.0);`,
      `draws[at] = vec4f(select(0.0, f32(GRAYSCALE), grey), 0.0, steps[0]);
  draws[at + 1u] = vec4f(steps[1], steps[2]);
  draws[at + 2u] = vec4f(steps[3], 0.0, 0.0);`,
    ],
    ['a share is uniform', DRAW, 'vec2f(1.0 / alpha)', 'vec2f(1.0)'],
    ['erased parts may be too large', DRAW, 'let taken = open & all(own < size);', 'let taken = open;'],
    ['an operation is never negated', DRAW, 'select(1.0, -1.0, u.z < 0.5)', '1.0'],
  ),
  ...noticedBy('data/augment/presets.test.ts', '', [
    'noise is the same at every step',
    'kernels/augment/finish.wgsl',
    'random4(vec4u(counter[0], counter[1], slot, 0x',
    'random4(vec4u(counter[0], 0u, slot, 0x',
  ]),
  ...noticedBy(
    'data/augment.test.ts',
    '',
    [
      'a view depends on the size of its batch',
      DRAW,
      'random4(vec4u(counter[0], counter[1], slot, k))',
      'random4(vec4u(counter[0], counter[1], slot + params.batch, k))',
    ],
    ['grey is left out', 'src/data/augment/draws.ts', '{ first: 0, end: 5 }', '{ first: 0, end: 4 }'],
  ),
  ...noticedBy(
    'conformance/augment.test.ts',
    '',
    ['a Gaussian ends at two deviations', 'kernels/augment/blur.wgsl', 'ceil(4.0 * sigma)', 'ceil(2.0 * sigma)'],
    [
      'the last pixel of a blur is the one before it',
      'kernels/augment/blur.wgsl',
      'select(params.width, params.height, is_vertical)) - 1',
      'select(params.width, params.height, is_vertical)) - 2',
    ],
    [
      'partners are smoothed apart',
      'kernels/augment/targets.wgsl',
      '(1.0 - params.smoothing) * (own + other)',
      '(1.0 - params.smoothing) * own + other',
    ],
    [
      'contrast takes the grey of the beginning',
      'kernels/augment/adjust.wgsl',
      'step < middle; step++',
      'step < params.first; step++',
    ],
  ),
  ...noticedBy(
    'conformance/augment.test.ts',
    'as ImageOps does',
    ['equalize counts all pixels', HISTOGRAM, '(total - last) / 255u', 'total / 255u'],
    ['solarize leaves its threshold', HISTOGRAM, 'round(level) >= argument', 'round(level) > argument'],
  ),
];
