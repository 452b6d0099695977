import { type Augmentation, augment } from '../data/augment.ts';
import { byteOffsets, createStream, type LabelledImages, type Size, type Statistics } from '../data/dataset.ts';
import type { Device } from '../gpu/device.ts';
import { compile } from '../gpu/program/program.ts';
import type { Model } from '../nn/model.ts';
import { createTape } from '../tape/tape.ts';
import { nonFinite } from '../weights/finite.ts';

/** Of each image, row-major; logits where the model has a classifier. */
export interface Inferred {
  readonly features: Float32Array;
  readonly logits?: Float32Array;
}

/** What images are shown to a model as: the view of evaluation. */
export interface InferenceOptions extends Statistics {
  readonly view: Augmentation & { readonly size: Size };
  /** So many images at a time, 16 unless given. */
  readonly batch?: number;
  /** Bytes of the images of a batch, 64 MiB unless given. */
  readonly bytes?: number;
}

/**
 * Compiles a model (running statistics) for images of any sizes, up to `batch` of `bytes` at a time. What it returns takes such
 * images and gives their features and logits; it throws where they are more, not of the model's channels, or give no finite numbers.
 */
export async function createInference(
  device: Device,
  model: Model,
  { view, batch = 16, bytes = 2 ** 26, ...statistics }: InferenceOptions,
): Promise<(images: Pick<LabelledImages, 'sizes' | 'pixels'>) => Promise<Inferred>> {
  const { channels, dim } = model.encoder;
  const [name, classes, labels] = ['the images', ['an image'], new Int32Array(batch)];
  const capacity = { images: batch, bytes };
  const stream = createStream(device.target, { name, channels, labels, classes, ...statistics }, capacity);
  const tape = createTape(device.target, { grad: false });
  const features = model.encoder.forward(tape, augment(tape, stream, batch, view).images, false);
  tape.output('features', features);
  const logits = model.classifier?.(tape, features, false);
  if (logits) tape.output('logits', logits);
  const program = await compile(device, tape);
  const outputs: string[] = logits ? ['features', 'logits'] : ['features'];
  return async (images) => {
    const count = byteOffsets({ ...images, channels }).length - 1;
    stream.upload(device, { ...images, labels: labels.subarray(0, count) });
    // A batch that is not full shows its first image again.
    const indices = Uint32Array.from({ length: batch }, (_, i) => (i < count ? i : 0));
    const read = await program.run({ indices, counter: new Uint32Array(2) }, outputs).read();
    for (const name of outputs) {
      const value = nonFinite(read[name] as Float32Array);
      if (value !== undefined) throw new Error(`The model is broken: among the ${name} of the images is ${value}.`);
    }
    const rows = (of: string, columns: number) => (read[of] as Float32Array).slice(0, count * columns);
    return {
      features: rows('features', dim),
      ...(logits && { logits: rows('logits', logits.shape[1] as number) }),
    };
  };
}

/** e^logits over their sum, in float64, for each row of logits [n, classes]. */
export function probabilities(logits: Float32Array, classes: number): Float64Array[] {
  return Array.from({ length: logits.length / classes }, (_, row) => {
    const own = logits.subarray(row * classes, (row + 1) * classes);
    const largest = own.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
    const weights = Float64Array.from(own, (value) => Math.exp(value - largest));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return weights.map((weight) => weight / sum);
  });
}
