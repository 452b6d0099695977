import type { Augmentation } from '../../data/augment.ts';
import { byteOffsets, channelStatistics, type LabelledImages, type Statistics } from '../../data/dataset.ts';
import { random4, uniform01 } from '../../data/random.ts';

/** What is random in a view. */
export interface Draws {
  crop: { top: number; left: number; height: number; width: number };
  flip: boolean;
  brightness: number;
  contrast: number;
  /** A decision of this image hung on less than 32-bit floats resolve. */
  narrow: boolean;
}

const sizeOf = ({ sizes }: LabelledImages, image: number) =>
  [...sizes.subarray(2 * image, 2 * image + 2)] as [number, number];

const isNearHalf = (x: number) => Math.abs(x - Math.floor(x) - 0.5) < 1e-3;
const isNearInteger = (x: number) => Math.abs(x - Math.round(x)) < 1e-3;

/** torchvision's parameters in float64, with the draws that the kernel documents. */
export function drawsOf(
  source: LabelledImages,
  augmentation: Augmentation,
  { slot, image }: { slot: number; image: number },
  [seed, step]: number[],
): Draws {
  const [H, W] = sizeOf(source, image);
  const { crop, flip = 0, brightness = 0, contrast = 0, jitter = 1 } = augmentation;
  const u = (k: number) => random4(seed!, step!, slot, k).map(uniform01) as [number, number, number, number];
  const [a, b, c, d] = u(0);
  const jittered = d < jitter;
  const factor = (v: number, spread: number) =>
    jittered ? Math.max(0, 1 - spread) + (1 + spread - Math.max(0, 1 - spread)) * v : 1;
  let narrow = false;
  const find = () => {
    if (!crop) return { top: 0, left: 0, height: H, width: W };
    const [low, high] = crop.ratio ?? [3 / 4, 4 / 3];
    for (let k = 1; k <= 10; k++) {
      const [v0, v1, v2, v3] = u(k);
      const area = H * W * (crop.scale[0] + (crop.scale[1] - crop.scale[0]) * v0);
      const ratio = Math.exp(Math.log(low) + (Math.log(high) - Math.log(low)) * v1);
      const [w, h] = [Math.sqrt(area * ratio), Math.sqrt(area / ratio)];
      const [width, height] = [Math.round(w), Math.round(h)];
      narrow ||= isNearHalf(w) || isNearHalf(h);
      if (width < 1 || width > W || height < 1 || height > H) continue;
      const [top, left] = [v2 * (H - height + 1), v3 * (W - width + 1)];
      narrow ||= (isNearInteger(top) && H > height) || (isNearInteger(left) && W > width);
      return { top: Math.floor(top), left: Math.floor(left), height, width };
    }
    let [height, width] = [H, W];
    if (W / H < low) height = Math.round(W / low);
    else if (W / H > high) width = Math.round(H * high);
    return { top: Math.floor((H - height) / 2), left: Math.floor((W - width) / 2), height, width };
  };
  return { crop: find(), flip: a < flip, brightness: factor(b, brightness), contrast: factor(c, contrast), narrow };
}

const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);

/** One view in float64: crop, bilinear resize, flip, jitter, normalisation. */
export function view(
  source: LabelledImages,
  image: number,
  { crop, flip, brightness, contrast }: Draws,
  size?: readonly number[],
  { mean, std }: Statistics = channelStatistics(source),
) {
  const [H, W] = sizeOf(source, image);
  const { channels: C } = source;
  const first = byteOffsets(source)[image]!;
  const [h, w] = size ?? [H, W];
  const at = (y: number, x: number, c: number) =>
    source.pixels[first + ((crop.top + y) * W + crop.left + x) * C + c]! / 255;
  const values = new Float64Array(h! * w! * C);
  for (let y = 0; y < h!; y++)
    for (let x = 0; x < w!; x++)
      for (let c = 0; c < C; c++) {
        const column = flip ? w! - 1 - x : x;
        const sy = clamp(((y + 0.5) * crop.height) / h! - 0.5, 0, crop.height - 1);
        const sx = clamp(((column + 0.5) * crop.width) / w! - 0.5, 0, crop.width - 1);
        const [y0, x0] = [Math.floor(sy), Math.floor(sx)];
        const [y1, x1] = [Math.min(y0 + 1, crop.height - 1), Math.min(x0 + 1, crop.width - 1)];
        const top = at(y0, x0, c) * (1 - sx + x0) + at(y0, x1, c) * (sx - x0);
        const bottom = at(y1, x0, c) * (1 - sx + x0) + at(y1, x1, c) * (sx - x0);
        values[(y * w! + x) * C + c] = clamp((top * (1 - sy + y0) + bottom * (sy - y0)) * brightness, 0, 1);
      }
  const grey = C === 3 ? [0.299, 0.587, 0.114] : Array(C).fill(1 / C);
  const middle = values.reduce((sum, value, i) => sum + value * grey[i % C], 0) / (h! * w!);
  return values.map((value, i) => (clamp(middle + contrast * (value - middle), 0, 1) - mean[i % C]!) / std[i % C]!);
}
