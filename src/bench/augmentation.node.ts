import { cpus } from 'node:os';
import type { Sharp, SharpOptions } from 'sharp';
import { type PresetName, presetOf } from '../data/augment/presets.ts';
import { type Augmentation, augment } from '../data/augment.ts';
import { createDataset, type Dataset, equalSizes, type LabelledImages, type Size } from '../data/dataset.ts';
import { random4, uniform01 } from '../data/random.ts';
import type { Device } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import { median } from '../quantile.ts';
import { createTape } from '../tape/tape.ts';

/** Of the images that views are made of, decoded: as ImageNet's usually are. */
export const SOURCE: Size = [375, 500];

/** Images that views are made of, over and over: more would need more memory and no other work. */
const SOURCES = 64;

export interface AugmentationTimes {
  readonly recipe: PresetName;
  /** Launches of a batch. */
  readonly dispatches: number;
  /** Views a second, of a batch on the adapter and of all threads of the processor together. */
  readonly adapter: number;
  /** Absent where sharp is not installed, or has not what the recipe needs. */
  readonly processor?: number;
}

/** Images of waves and noise. */
export function sourceImages(): LabelledImages {
  const [height, width] = SOURCE;
  const bytes = height * width * 3;
  const one = Uint8Array.from({ length: bytes }, (_, i) => 128 + 80 * Math.sin(i / 700) + ((i * 2654435761) >>> 26));
  const pixels = new Uint8Array(SOURCES * bytes);
  for (let image = 0; image < SOURCES; image++) {
    pixels.set(one, image * bytes);
    pixels[image * bytes] = image;
  }
  const labels = new Int32Array(SOURCES);
  return { name: 'made-up images', channels: 3, sizes: equalSizes(SOURCES, SOURCE), pixels, labels, classes: ['any'] };
}

/** What the bench is told: how many views of which size, and how often. */
export interface AugmentationBench {
  readonly images: number;
  readonly size: number;
  readonly rounds: number;
}

/** Times a recipe's views on the adapter, then by sharp on the processor: medians over the rounds, each after one that is not timed. */
export async function timeAugmentation(
  device: Device,
  recipe: PresetName,
  source: LabelledImages,
  { images, size, rounds }: AugmentationBench,
): Promise<AugmentationTimes> {
  const { train } = presetOf(recipe, size);
  const data: Dataset = createDataset(device.target, source, { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] });
  const tape = createTape(device.target, { grad: false });
  const { images: views } = augment(tape, data, images, train);
  tape.output('views', views);
  const program = await compile(device, tape);
  const indices = Uint32Array.from({ length: images }, (_, i) => i % SOURCES);
  const onAdapter = await rate(images, rounds, async (round) => {
    program.run({ indices, counter: Uint32Array.of(1, round) });
    await device.idle();
  });
  const dispatches = program.describe().length;
  program.destroy();
  const onProcessor = await sharpViews(source, train);
  const processor = onProcessor && (await rate(images, rounds, (round) => onProcessor(images, round)));
  return { recipe, dispatches, adapter: onAdapter, ...(processor !== undefined && { processor }) };
}

async function rate(images: number, rounds: number, run: (round: number) => Promise<unknown>): Promise<number> {
  await run(0);
  const times: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const started = performance.now();
    await run(round);
    times.push(performance.now() - started);
  }
  return (1000 * images) / median(times);
}

/**
 * The same work by sharp, from decoded images to normalised f32: the same distribution of crops, flips, jitter, grey and blur, in
 * sharp's own order. Undefined where it is not installed, or for recipes with what it has not.
 */
async function sharpViews(source: LabelledImages, augmentation: Augmentation) {
  const { size, crop, flip = 0, jitter = 0, grayscale = 0, blur, hue, brightness, contrast, saturation } = augmentation;
  if (!size || !crop || augmentation.randAugment || augmentation.mix || augmentation.erasing) return undefined;
  const sharp = (await import('sharp').catch(() => undefined))?.default as
    | (((pixels: Uint8Array, options: SharpOptions) => Sharp) & { concurrency(threads: number): unknown })
    | undefined;
  if (!sharp) return undefined;
  // Each image on a thread of its own, as many at once as there are processors.
  sharp.concurrency(1);
  const [height, width] = SOURCE;
  const bytes = height * width * 3;
  const kernel = augmentation.interpolation === 'bicubic' ? 'cubic' : 'linear';
  const view = async (image: number, round: number, out: Float32Array) => {
    const u = [0, 1, 2].flatMap((k) => random4(image, round, 7, k).map(uniform01)) as number[];
    const factor = (i: number, spread = 0) => 1 - spread + 2 * spread * (u[i] as number);
    const share = crop.scale[0] + (crop.scale[1] - crop.scale[0]) * (u[0] as number);
    const ratio = (3 / 4) * (16 / 9) ** (u[1] as number);
    const area = height * width * share;
    const [h, w] = [
      Math.min(height, Math.round(Math.sqrt(area / ratio))),
      Math.min(width, Math.round(Math.sqrt(area * ratio))),
    ];
    const pixels = source.pixels.subarray((image % SOURCES) * bytes, ((image % SOURCES) + 1) * bytes);
    let work = sharp(pixels, { raw: { width, height, channels: 3 } })
      .extract({
        left: Math.floor((u[2] as number) * (width - w)),
        top: Math.floor((u[3] as number) * (height - h)),
        width: w,
        height: h,
      })
      .resize(size[1], size[0], { fit: 'fill', kernel });
    if ((u[4] as number) < flip) work = work.flop();
    if (hue && (u[5] as number) < jitter) {
      const slope = factor(6, contrast);
      work = work
        .modulate({
          brightness: factor(7, brightness),
          saturation: factor(8, saturation),
          hue: Math.round(360 * hue * (2 * (u[9] as number) - 1)),
        })
        .linear(slope, 128 * (1 - slope));
    }
    if ((u[10] as number) < grayscale) work = work.grayscale().toColourspace('srgb');
    if (blur && (u[11] as number) < blur.probability) work = work.blur(0.3 + 1.7 * (u[6] as number));
    const { data } = await work.raw().toBuffer({ resolveWithObject: true });
    for (let i = 0; i < data.length; i++) out[i] = ((data[i] as number) / 255 - 0.5) * 4;
  };
  return async (images: number, round: number) => {
    const outs = Array.from({ length: cpus().length }, () => new Float32Array(size[0] * size[1] * 3));
    let next = 0;
    await Promise.all(
      outs.map(async (out) => {
        while (next < images) await view(next++, round, out);
      }),
    );
  };
}
