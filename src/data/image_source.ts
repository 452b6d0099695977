import { byteOffsets, type LabelledImages } from './dataset.ts';
import { allIndices } from './sampler.ts';

/** Labelled images whose pixels are read when they are wanted: from memory, or from a disk where they are many. */
export interface ImageSource extends Omit<LabelledImages, 'pixels'> {
  /** Of all pixels. */
  readonly bytes: number;
  /** The pixels of some images one after the other. Throws in one sentence when they cannot be read. */
  read(indices: ArrayLike<number>): Promise<Uint8Array>;
}

/** The most that one array of bytes has in every runtime. */
const LARGEST = 2 ** 32 - 1;

/** Images in memory. */
export function memorySource(images: LabelledImages): ImageSource {
  const { pixels, ...rest } = images;
  const offsets = byteOffsets(images);
  const partOf = (image: number) => pixels.subarray(offsets[image], offsets[image + 1]);
  return {
    ...rest,
    bytes: pixels.length,
    async read(indices) {
      const parts = Array.from(indices, partOf);
      const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts) {
        result.set(part, at);
        at += part.length;
      }
      return result;
    },
  };
}

/** Sizes and labels of some images of a source, in their order. */
export const pick = ({ sizes, labels }: Pick<ImageSource, 'sizes' | 'labels'>, images: ArrayLike<number>) => ({
  sizes: Uint32Array.from(Array.from(images).flatMap((image) => [...sizes.subarray(2 * image, 2 * image + 2)])),
  labels: Int32Array.from(images, (image) => labels[image] as number),
});

/** All images of a source in memory. Throws in one sentence when they do not fit into one array. */
export async function allInMemory({ bytes, read, ...images }: ImageSource): Promise<LabelledImages> {
  if (bytes > LARGEST)
    throw new Error(
      `${images.name} has ${Math.ceil(bytes / 2 ** 30)} GiB of pixels, and at most 4 GiB are held in memory; take fewer or smaller images.`,
    );
  return { ...images, pixels: await read(allIndices(images.labels.length)) };
}
