import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IDX_FILES } from '../../src/data/fashion_mnist.ts';
import { idx } from '../data/idx.ts';
import { cornerImages } from '../train/corners.ts';

/** Writes a small data set as four IDX files: so many training images and 9 test images of three classes, 8 px. */
export async function writeCorners(folder: string, count = 27): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [split, images] of [
    ['train', cornerImages(count)],
    ['test', cornerImages(9)],
  ] as const) {
    const { pixels, labels } = images;
    await writeFile(join(folder, IDX_FILES[split].images), idx([labels.length, 8, 8], pixels));
    await writeFile(join(folder, IDX_FILES[split].labels), idx([labels.length], labels));
  }
  return folder;
}
