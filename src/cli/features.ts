import type { Command } from 'commander';
import { explained, writeWhole } from '../files.node.ts';
import { createModel } from '../nn/model.ts';
import type { requestDevice } from '../node.ts';
import { writeNpy } from '../weights/npy.ts';
import { writeSafetensors } from '../weights/safetensors.ts';
import { guarded } from './errors.ts';
import { showImages } from './images.node.ts';
import { cardOf, loadParts, readWeights } from './weights.ts';

interface FeaturesOptions {
  readonly weights: string;
  readonly out: string;
}

/** What images are normalised by where a checkpoint does not say: those of ImageNet, as all that was trained on it. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const IMAGENET_SIZE = [224, 224] as const;

export function addFeatures(program: Command, request: typeof requestDevice): void {
  program
    .command('features')
    .description("write an encoder's features of images, a row each, as safetensors or NumPy's npy")
    .argument('<image|folder...>', 'images, folders and archives with images')
    .requiredOption('--weights <file>', 'checkpoint with an encoder: of this program or of PyTorch')
    .requiredOption('--out <file>', 'file to write, .safetensors or .npy')
    .action(guarded((paths: string[], options: FeaturesOptions) => writeFeatures(paths, options, request)));
}

async function writeFeatures(
  paths: readonly string[],
  { weights: path, out }: FeaturesOptions,
  request: typeof requestDevice,
): Promise<void> {
  const isNpy = out.endsWith('.npy');
  if (!isNpy && !out.endsWith('.safetensors')) throw new Error(`--out ${out} must end in .safetensors or .npy.`);
  const weights = await readWeights(path);
  const card = cardOf(weights);
  if (!card) throw new Error(`${path} holds no encoder that is known; see "coin inspect ${path}".`);
  const { statistics = IMAGENET, image_size = IMAGENET_SIZE } = card;
  if (!card.statistics || !card.image_size)
    console.error(
      `${path} does not say how its images are prepared: they are taken at ${image_size.join('×')} px${card.statistics ? '' : " and normalised by ImageNet's statistics"}.`,
    );
  const device = await request();
  console.error(device.description);
  const model = createModel({ ...card, classes: undefined, seed: 0 });
  console.error(await loadParts(device, model, weights, ['encoder']));
  const rows: Float32Array[] = [];
  const images: string[] = [];
  let bad = 0;
  const options = { ...statistics, view: { ...card.view, size: image_size } };
  for await (const shown of showImages(device, model, paths, options, (image, why) => {
    bad++;
    console.error(`${image} is left out: ${why}.`);
  })) {
    rows.push(shown.features);
    images.push(...shown.paths);
  }
  const shape = [images.length, model.encoder.dim];
  const data = new Float32Array(images.length * model.encoder.dim);
  let at = 0;
  for (const row of rows) {
    data.set(row, at);
    at += row.length;
  }
  const bytes = isNpy
    ? writeNpy(data, shape)
    : writeSafetensors(new Map([['features', { dtype: 'F32', shape, data }]]), { images: JSON.stringify(images) });
  await explained(`${out} cannot be written`, () => writeWhole(out, bytes));
  const list = `${out}.images.txt`;
  if (isNpy)
    await explained(`${list} cannot be written`, () => writeWhole(list, images.map((image) => `${image}\n`).join('')));
  console.log(`features [${shape.join(', ')}] are in ${out}${isNpy ? `, the images of its rows in ${list}` : ''}.`);
  if (bad > 0) throw new Error(`${bad} of ${bad + images.length} images could not be read, as told above.`);
}
