import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabelledImages } from '../../src/data/dataset.ts';
import { IDX_FILES } from '../../src/data/fashion_mnist.ts';
import { cornerImages } from '../train/corners.ts';

/** Writes a small data set as four IDX files: so many training images and 9 test images of three classes, 8 px. */
export async function writeCorners(folder: string, count = 27): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [split, images] of [
    ['train', cornerImages(count)],
    ['test', cornerImages(9)],
  ] as const) {
    await writeFile(join(folder, IDX_FILES[split].images), imagesOf(images));
    await writeFile(
      join(folder, IDX_FILES[split].labels),
      Uint8Array.of(0, 0, 8, 1, ...sizes([images.labels.length]), ...images.labels),
    );
  }
  return folder;
}

const imagesOf = ({ shape: [n, height, width], pixels }: LabelledImages): Uint8Array =>
  Uint8Array.of(0, 0, 8, 3, ...sizes([n, height, width]), ...pixels);

const sizes = (values: readonly number[]): number[] =>
  values.flatMap((value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
