// Views of images in float64, with the draws that kernels/augment/draw.wgsl documents: crop, antialiased resize, flip, colour jitter,
// grey, Gaussian blur and normalisation, as torchvision and Pillow define them, without rounding to 8 bits.

import type { Augmentation } from '../../data/augment/description.ts';
import { byteOffsets, channelStatistics, type LabelledImages, type Size, type Statistics } from '../../data/dataset.ts';
import { random4, uniform01 } from '../../data/random.ts';

type Color = 'brightness' | 'contrast' | 'saturation' | 'hue' | 'grayscale';

/** What is random in a view. */
export interface Draws {
  crop: { top: number; left: number; height: number; width: number };
  /** What the crop is resized to, and where the view lies in it. */
  grid: { top: number; left: number; height: number; width: number };
  flip: boolean;
  steps: [Color, number][];
  /** 0 where it is not blurred. */
  sigma: number;
  /** A decision of this image hung on less than 32-bit floats resolve. */
  narrow: boolean;
}

const sizeOf = ({ sizes }: LabelledImages, image: number) =>
  [...sizes.subarray(2 * image, 2 * image + 2)] as [number, number];

const isNearHalf = (x: number) => Math.abs(x - Math.floor(x) - 0.5) < 1e-3;
const isNearInteger = (x: number) => Math.abs(x - Math.round(x)) < 1e-3;

const between = (low: number, high: number, u: number) => low + (high - low) * u;

/** Python's round, to the even one of two. */
const even = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

export function drawsOf(
  source: LabelledImages,
  augmentation: Augmentation,
  { slot, image }: { slot: number; image: number },
  [seed, step]: number[],
  size: Size = sizeOf(source, image),
): Draws {
  const [H, W] = sizeOf(source, image);
  const { crop, resize = size, window, flip = 0, jitter = 1, grayscale = 0, blur } = augmentation;
  const u = (k: number) => random4(seed!, step!, slot, k).map(uniform01) as [number, number, number, number];
  let narrow = false;
  const place = (v: number, room: number) => {
    narrow ||= room > 0 && isNearInteger(v * (room + 1));
    return Math.floor(v * (room + 1));
  };
  const find = () => {
    if (!crop) return { top: 0, left: 0, height: H, width: W };
    const [low, high] = crop.ratio ?? [3 / 4, 4 / 3];
    for (let k = 1; k <= 10; k++) {
      const [v0, v1, v2, v3] = u(k);
      const area = H * W * between(...crop.scale, v0);
      const ratio = Math.exp(between(Math.log(low), Math.log(high), v1));
      const [w, h] = [Math.sqrt(area * ratio), Math.sqrt(area / ratio)];
      const [width, height] = [Math.round(w), Math.round(h)];
      narrow ||= isNearHalf(w) || isNearHalf(h);
      if (width < 1 || width > W || height < 1 || height > H) continue;
      return { top: place(v2, H - height), left: place(v3, W - width), height, width };
    }
    let [height, width] = [H, W];
    if (W / H < low) height = Math.round(W / low);
    else if (W / H > high) width = Math.round(H * high);
    return { top: Math.floor((H - height) / 2), left: Math.floor((W - width) / 2), height, width };
  };
  const part = find();
  const shorter = Math.min(part.height, part.width);
  const [height, width] =
    typeof resize === 'number'
      ? [part.height, part.width].map((side) => Math.floor((resize * side) / shorter))
      : resize;
  const [a, b] = u(13);
  const top = window === 'random' ? place(a, height! - size[0]) : even((height! - size[0]) / 2);
  const left = window === 'random' ? place(b, width! - size[1]) : even((width! - size[1]) / 2);
  const [mirrored, jittered, grey, blurred] = u(0);
  const [order, deviation] = u(12);
  const steps: Draws['steps'] = jittered < jitter ? stepsOf(augmentation, source.channels, u(11), order) : [];
  if (grey < grayscale) steps.push(['grayscale', 0]);
  const sigma = blur && blurred < blur.probability ? between(...blur.sigma, deviation) : 0;
  return {
    crop: part,
    grid: { top, left, height: height!, width: width! },
    flip: mirrored < flip,
    steps,
    sigma,
    narrow,
  };
}

/** The operations of colour jitter, in one of the 24 orders. */
function stepsOf(
  { brightness = 0, contrast = 0, saturation = 0, hue = 0 }: Augmentation,
  channels: number,
  [b, c, s, h]: number[],
  order: number,
): Draws['steps'] {
  const factor = (spread: number, v: number) => between(Math.max(0, 1 - spread), 1 + spread, v);
  const all: [Color, number, number][] = [
    ['brightness', brightness, factor(brightness, b!)],
    ['contrast', contrast, factor(contrast, c!)],
    ['saturation', saturation, factor(saturation, s!)],
    ['hue', channels === 3 ? hue : 0, between(-hue, hue, h!)],
  ];
  let digits = Math.floor(order * 24);
  for (let i = 3; i > 0; i--) {
    const other = digits % (i + 1);
    digits = Math.floor(digits / (i + 1));
    [all[i], all[other]] = [all[other]!, all[i]!];
  }
  return all.flatMap(([name, spread, value]) => (spread > 0 ? [[name, value]] : []));
}

const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);

/** Pixels of `size` along one axis and their weights, for each of `count` places of a grid from `from` on. */
function taps(size: number, grid: number, from: number, count: number, bicubic: boolean): [number, number][][] {
  const scale = Math.max(size / grid, 1);
  const filter = (x: number) => {
    if (!bicubic) return Math.max(0, 1 - x);
    if (x < 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
    return x < 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0;
  };
  return Array.from({ length: count }, (_, place) => {
    const centre = ((from + place + 0.5) * size) / grid;
    const all = Array.from({ length: size }, (_, pixel): [number, number] => [
      pixel,
      filter(Math.abs(pixel + 0.5 - centre) / scale),
    ]).filter(([, weight]) => weight !== 0);
    const total = all.reduce((sum, [, weight]) => sum + weight, 0);
    return all.map(([pixel, weight]) => [pixel, weight / total]);
  });
}

/** One view in float64. */
export function view(
  source: LabelledImages,
  image: number,
  { crop, grid, flip, steps, sigma }: Draws,
  { size = sizeOf(source, image), interpolation }: Augmentation = {},
  { mean, std }: Statistics = channelStatistics(source),
): Float64Array {
  const { channels: C } = source;
  const [h, w] = size;
  const [first, line] = [byteOffsets(source)[image]!, sizeOf(source, image)[1]];
  const rows = taps(crop.height, grid.height, grid.top, h, interpolation === 'bicubic');
  const columns = taps(crop.width, grid.width, grid.left, w, interpolation === 'bicubic');
  let values = new Float64Array(h * w * C).map((_, i) => {
    const [c, x, y] = [i % C, Math.floor(i / C) % w, Math.floor(i / C / w)];
    let sum = 0;
    for (const [row, weight] of rows[y]!)
      for (const [column, share] of columns[flip ? w - 1 - x : x]!)
        sum += weight * share * source.pixels[first + ((crop.top + row) * line + crop.left + column) * C + c]!;
    return clamp(sum, 0, 255);
  });
  for (const [operation, argument] of steps) values = colored(values, C, operation, argument);
  if (sigma > 0) values = blurred(values, size, C, sigma);
  return values.map((value, i) => (value / 255 - mean[i % C]!) / std[i % C]!);
}

/** A step of colour jitter, in levels. */
function colored(values: Float64Array<ArrayBuffer>, C: number, operation: Color, argument: number) {
  const weights = C === 3 ? [0.299, 0.587, 0.114] : Array(C).fill(1 / C);
  const grey = (at: number) => weights.reduce((sum, weight, c) => sum + weight * values[at + c]!, 0);
  if (operation === 'hue') {
    const result = values.slice();
    for (let at = 0; at < values.length; at += 3) result.set(hueTurned(values.subarray(at, at + 3), argument), at);
    return result;
  }
  let middle = 0;
  for (let at = 0; at < values.length; at += C) middle += (grey(at) * C) / values.length;
  return values.map((value, i) => {
    const base = { brightness: 0, contrast: middle, saturation: grey(i - (i % C)), grayscale: grey(i - (i % C)) }[
      operation
    ];
    return clamp(base + argument * (value - base), 0, 255);
  });
}

/** Through HSV, by its sectors. */
function hueTurned(rgb: Float64Array, turn: number): number[] {
  const [r, g, b] = rgb as unknown as [number, number, number];
  const most = Math.max(r, g, b);
  const chroma = most - Math.min(r, g, b);
  if (chroma === 0) return [r, g, b];
  const sixth = most === r ? (g - b) / chroma : most === g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma;
  const hue = (((sixth + 6 * turn) % 6) + 6) % 6;
  const [p, q, t] = [
    most - chroma,
    most - chroma * (hue - Math.floor(hue)),
    most - chroma * (1 - hue + Math.floor(hue)),
  ];
  return [
    [most, t, p],
    [q, most, p],
    [p, most, t],
    [p, q, most],
    [t, p, most],
    [most, p, q],
  ][Math.floor(hue)]!;
}

/** A Gaussian to four deviations, borders repeated. */
function blurred(values: Float64Array<ArrayBuffer>, [h, w]: Size, C: number, sigma: number) {
  const radius = Math.ceil(4 * sigma);
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const along = (data: Float64Array<ArrayBuffer>, size: number, stride: number) =>
    data.map((_, i) => {
      const place = Math.floor(i / stride) % size;
      return weights.reduce((sum, weight, d) => {
        const other = clamp(place + d - radius, 0, size - 1);
        return sum + (weight / total) * data[i + (other - place) * stride]!;
      }, 0);
    });
  return along(along(values, w, C), h, w * C);
}
