// Brings the images of a data set that does not fit the GPU to it, a batch at a time, while the steps before run.
import type { Device } from '../gpu/device.ts';
import type { Target } from '../gpu/kernel/target.ts';
import { commonSize, createStream, type ImageStream, type Statistics } from './dataset.ts';
import type { ImageSource } from './image_source.ts';
import { allIndices } from './sampler.ts';

/** Images that are brought to the GPU when a step wants them. */
export interface Feed {
  /** What programs read: the images that were brought last. */
  readonly data: ImageStream;
  /** Says which batches will be wanted next, in order, so that they are read ahead. */
  plan(batches: readonly Uint32Array[]): void;
  /**
   * Puts images on the GPU, waiting where they are not read yet, and returns their numbers among those that are there. Throws
   * when they cannot be read, or are more than there is room for.
   */
  bring(device: Pick<Device, 'write'>, images: Uint32Array): Promise<Uint32Array<ArrayBuffer>>;
  /** Milliseconds that `bring` has waited for images so far. */
  waited(): number;
}

/** Batches that are read ahead: a few, since each is held in memory. */
const AHEAD = 3;

/** Whether all images of a source fit into one buffer of the device beside what else it holds. */
export const fits = ({ limits }: Target, { bytes }: Pick<ImageSource, 'bytes'>): boolean =>
  bytes <= Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);

/**
 * A feed of batches of at most `batch` images.
 * @param statistics of the whole data set, which is never read as a whole.
 */
export function createFeed(target: Target, source: ImageSource, batch: number, statistics: Statistics): Feed {
  const { sizes, channels, labels } = source;
  const bytesOf = (image: number) => (sizes[2 * image] as number) * (sizes[2 * image + 1] as number) * channels;
  const largest = Array.from(labels, (_, image) => bytesOf(image))
    .sort((a, b) => b - a)
    .slice(0, batch);
  const size = commonSize(sizes);
  const data = createStream(
    target,
    { ...source, ...statistics, ...(size && { size }) },
    { images: batch, bytes: largest.reduce((sum, bytes) => sum + bytes, 0) },
  );
  let planned: readonly Uint32Array[] = [];
  let reading: { images: Uint32Array; pixels: Promise<Uint8Array> }[] = [];
  let waited = 0;
  const start = (images: Uint32Array) => {
    const pixels = source.read(images);
    // An error is thrown when the batch is brought.
    pixels.catch(() => {});
    return { images, pixels };
  };
  const readAhead = () => {
    while (reading.length < AHEAD && planned.length > 0) {
      reading.push(start(planned[0] as Uint32Array));
      planned = planned.slice(1);
    }
  };
  return {
    data,
    plan(batches) {
      planned = batches;
      reading = [];
      readAhead();
    },
    async bring(device, images) {
      const began = performance.now();
      // What was not planned is read now.
      const { pixels } = reading[0]?.images === images ? (reading.shift() as (typeof reading)[number]) : start(images);
      readAhead();
      const read = await pixels;
      waited += performance.now() - began;
      data.upload(device, {
        sizes: Uint32Array.from(Array.from(images).flatMap((image) => [...sizes.subarray(2 * image, 2 * image + 2)])),
        labels: Int32Array.from(images, (image) => labels[image] as number),
        pixels: read,
      });
      return allIndices(images.length);
    },
    waited: () => waited,
  };
}

/** Images whose pixels the statistics of a data set are estimated from where it is not read as a whole. */
export const ESTIMATED_FROM = 1000;
