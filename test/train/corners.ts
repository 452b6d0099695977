import { createDataset, type Dataset, equalSizes, type LabelledImages } from '../../src/data/dataset.ts';
import { randomNormal } from '../../src/data/random.ts';
import type { Device } from '../../src/gpu/device.ts';

/** Bright squares in one of three corners, with noise: easy to tell apart, so that learning shows in few steps. */
export function cornerImages(count = 27): LabelledImages {
  const noise = randomNormal(count * 64, 20, 5, 5);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
  const pixels = Uint8Array.from({ length: count * 64 }, (_, i) => {
    const [image, y, x] = [Math.floor(i / 64), Math.floor(i / 8) % 8, i % 8];
    const [top, left] = [
      [0, 0],
      [0, 4],
      [4, 4],
    ][labels[image]!]!;
    const inside = y >= top! && y < top! + 4 && x >= left! && x < left! + 4;
    return Math.max(0, Math.min(255, 60 + (inside ? 120 : 0) + noise[i]!));
  });
  const classes = ['top left', 'top right', 'bottom right'];
  return { name: 'corners', channels: 1, sizes: equalSizes(count, [8, 8]), pixels, labels, classes };
}

/** The same images for a device. */
export const corners = (device: Device, count?: number): Dataset => createDataset(device.target, cornerImages(count));
