import { drawsOf, view } from '../../conformance/reference/augmentation.ts';
import { type Augmentation, augment } from '../../data/augment.ts';
import { createDataset, equalSizes, type LabelledImages } from '../../data/dataset.ts';
import { random4 } from '../../data/random.ts';
import { elements } from '../../tape/tensor.ts';
import { type BenchCase, preset, type Samples, type Setting } from './case.ts';

/** What contrastive training does with an image. */
const AUGMENTATION: Augmentation = {
  crop: { scale: [0.2, 1] },
  flip: 0.5,
  brightness: 0.4,
  contrast: 0.4,
  jitter: 0.8,
};
const COUNTER = [1, 1];
/** Images of a data set from which batches are drawn. */
const IMAGES = 512;

/** Two views of each image of a batch: of colour images of 32 px, and of 224 px where they are not too many. */
export const augmentCases = ({ kind }: Setting): BenchCase[] =>
  (kind === 'cpu'
    ? [[32, 64]]
    : [
        [32, 1024],
        [224, 128],
      ]
  ).map(([size = 0, count = 0]): BenchCase => {
    const images = size > 100 ? IMAGES / 8 : IMAGES;
    const shape = [images * size * size * 3];
    const source = (pixels: Uint8Array): LabelledImages => ({
      ...{
        name: 'images',
        channels: 3,
        sizes: equalSizes(images, [size, size]),
        pixels,
        labels: new Int32Array(images),
        classes: ['any'],
      },
    });
    return {
      name: `augment ${count} views ${size}px`,
      usual: true,
      inputs: { pixels: shape },
      values: { pixels: (bytes) => Uint8Array.from({ length: bytes }, (_, i) => random4(i, 0, 0, 0)[0] & 255) },
      build: (tape, { pixels }) => {
        const dataset = createDataset(tape.target, source(new Uint8Array(elements(shape))), NORMAL);
        const views = augment(tape, { ...dataset, pixels: pixels! }, count, AUGMENTATION);
        const indices = Uint32Array.from({ length: count }, (_, i) => imageOf(i, images));
        preset(tape, { indices, counter: Uint32Array.from(COUNTER) });
        return views.images;
      },
      reference: ({ pixels }): Samples => {
        const own = source(pixels as Uint8Array);
        const samples = new Map<number, number>();
        for (let slot = 0; slot < count && samples.size === 0; slot++) {
          const draws = drawsOf(own, AUGMENTATION, { slot, image: imageOf(slot, images) }, COUNTER);
          if (draws.narrow) continue;
          const values = view(own, imageOf(slot, images), draws, AUGMENTATION, NORMAL);
          values.forEach((value, i) => {
            samples.set(slot * values.length + i, value);
          });
        }
        return samples;
      },
    };
  });

const NORMAL = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };

const imageOf = (slot: number, images: number): number => (7 * (slot >> 1)) % images;
