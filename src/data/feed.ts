// Brings the images of a data set that does not fit the GPU to it, a batch at a time, while the steps before run.
import type { Target } from '../gpu/kernel/target.ts';
import { channelStatistics, commonSize, createStream, type Dataset, type Feed, type Statistics } from './dataset.ts';
import { type ImageSource, pick } from './image_source.ts';
import { allIndices } from './sampler.ts';

/** Batches that are read ahead: a few, since each is held in memory. */
const AHEAD = 3;

/** Whether all images of a source fit into one buffer of the device beside what else it holds. */
export const fits = ({ limits }: Target, { bytes }: Pick<ImageSource, 'bytes'>): boolean =>
  bytes <= Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);

/**
 * A data set of which the GPU holds a batch of at most `batch` images, which its feed brings.
 * @param statistics of the whole data set, which is never read as a whole.
 */
export function createFedDataset(
  target: Target,
  source: ImageSource,
  batch: number,
  statistics: Statistics,
): Dataset & { readonly feed: Feed } {
  const { name, sizes, channels, labels, classes } = source;
  const bytesOf = (image: number) => (sizes[2 * image] as number) * (sizes[2 * image + 1] as number) * channels;
  const largest = Array.from(labels, (_, image) => bytesOf(image))
    .sort((a, b) => b - a)
    .slice(0, batch);
  const size = commonSize(sizes);
  const stream = createStream(
    target,
    { name, channels, labels, classes, ...statistics, ...(size && { size }) },
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
  const feed: Feed = {
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
      stream.upload(device, { ...pick(source, images), pixels: read });
      return allIndices(images.length);
    },
    waited: () => waited,
  };
  return { ...stream, feed };
}

/** Images that statistics are estimated from where not all are read. */
const ESTIMATED_FROM = 1000;

/** Statistics of images that are spread evenly over a source. */
export async function estimateStatistics(source: ImageSource): Promise<Statistics> {
  const { length } = source.labels;
  const count = Math.min(length, ESTIMATED_FROM);
  const pixels = await source.read(Array.from({ length: count }, (_, i) => Math.floor((i * length) / count)));
  return channelStatistics({ channels: source.channels, pixels });
}
