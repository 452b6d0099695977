import { type Command, Option } from 'commander';
import { explained, writeWhole } from '../files.node.ts';
import { createModel, type Model } from '../nn/model.ts';
import type { requestDevice } from '../node.ts';
import type { HostTensor } from '../weights/host-tensor.ts';
import { writeNpy } from '../weights/npy.ts';
import { writeSafetensors } from '../weights/safetensors.ts';
import { guarded } from './errors.ts';
import { type Shown, showImages, showSource } from './images.node.ts';
import { type DataOptions, withData } from './load_data.ts';
import { refuseIdle } from './options.ts';
import { cardOf, checkChannels, loadParts, readWeights } from './weights.ts';

interface FeaturesOptions extends DataOptions {
  readonly weights: string;
  readonly out: string;
  readonly split: Split;
}

const SPLITS = ['test', 'train'] as const;
type Split = (typeof SPLITS)[number];

/** What images are normalised by where a checkpoint does not say: those of ImageNet, as all that was trained on it. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const IMAGENET_SIZE = [224, 224] as const;

export function addFeatures(program: Command, request: typeof requestDevice): void {
  const command = program
    .command('features')
    .description("write an encoder's features of images, a row each, as safetensors or NumPy's npy")
    .argument('[image|folder...]', 'images, folders and archives with images')
    .requiredOption('--weights <file>', 'checkpoint with an encoder: of this program or of PyTorch')
    .requiredOption('--out <file>', 'file to write, .safetensors or .npy')
    .option('--data <path>', 'in place of images: a data set, whose labels are written too')
    .option('--skip-bad', 'go on without images of the data set that cannot be read')
    .addOption(new Option('--split <which>', 'of the data set').choices(SPLITS).default('test'))
    .action(guarded((paths: string[], options: FeaturesOptions) => writeFeatures(paths, options, request)));
  refuseIdle(command, { needs: { split: 'data', skipBad: 'data' } });
}

async function writeFeatures(
  paths: readonly string[],
  options: FeaturesOptions,
  request: typeof requestDevice,
): Promise<void> {
  const { weights: path, out, data } = options;
  if (!out.endsWith('.npy') && !out.endsWith('.safetensors'))
    throw new Error(`--out ${out} must end in .safetensors or .npy.`);
  if ((data === undefined) === (paths.length === 0))
    throw new Error('Give either images, folders and archives, or a data set by --data.');
  const weights = await readWeights(path);
  const card = cardOf(weights);
  if (!card) throw new Error(`${path} holds no encoder that is known; see "coin inspect ${path}".`);
  const { statistics = IMAGENET, image_size = IMAGENET_SIZE } = card;
  if (!card.statistics || !card.image_size)
    console.error(
      `${path} does not say how its images are prepared: they are taken at ${image_size.join('×')} px${card.statistics ? '' : " and normalised by ImageNet's statistics"}.`,
    );
  const create = async () => {
    const device = await request();
    console.error(device.description);
    const model = createModel({ ...card, classes: undefined, seed: 0 });
    console.error(await loadParts(device, model, weights, ['encoder']));
    return { device, model };
  };
  const how = { ...statistics, view: { ...card.view, size: image_size } };
  if (data !== undefined)
    return withData(options, Math.max(...image_size), async ({ [options.split]: source }) => {
      checkChannels(path, card, source);
      const { device, model } = await create();
      const { labels, classes } = source;
      await write(out, { ...(await gathered(showSource(device, model, source, how), model)), labels, classes });
    });
  let bad = 0;
  const { device, model } = await create();
  const shown = showImages(device, model, paths, how, (image, why) => {
    bad++;
    console.error(`${image} is left out: ${why}.`);
  });
  const rows = await gathered(shown, model);
  await write(out, rows);
  const { length } = rows.images;
  if (bad > 0) throw new Error(`${bad} of ${bad + length} images could not be read, as told above.`);
}

/** Features [images, dim], and of a data set's images what they are. */
interface Rows {
  readonly images: readonly string[];
  readonly shape: number[];
  readonly data: Float32Array<ArrayBuffer>;
  readonly labels?: Int32Array<ArrayBuffer>;
  readonly classes?: readonly string[];
}

async function gathered(shown: AsyncIterable<Shown>, { encoder: { dim } }: Model): Promise<Rows> {
  const parts: Float32Array[] = [];
  const images: string[] = [];
  for await (const { features, paths } of shown) {
    parts.push(features);
    images.push(...paths);
  }
  const data = new Float32Array(images.length * dim);
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { images, shape: [images.length, dim], data };
}

async function write(out: string, { images, shape, data, labels, classes = [] }: Rows): Promise<void> {
  const writeFile = (path: string, content: Uint8Array | string) =>
    explained(`${path} cannot be written`, () => writeWhole(path, content));
  const isNpy = out.endsWith('.npy');
  const beside: string[] = [];
  if (isNpy) {
    await writeFile(out, writeNpy(data, shape));
    const lines: [what: string, of: readonly string[]][] = [['images', images]];
    if (labels) lines.push(['classes', Array.from(labels, (label) => classes[label] as string)]);
    for (const [what, of] of lines) {
      const list = `${out}.${what}.txt`;
      await writeFile(list, of.map((line) => `${line}\n`).join(''));
      beside.push(`the ${what} of its rows in ${list}`);
    }
  } else {
    const tensors = new Map<string, HostTensor>([['features', { dtype: 'F32', shape, data }]]);
    if (labels) tensors.set('labels', { dtype: 'I32', shape: [labels.length], data: labels });
    const metadata = { images: JSON.stringify(images), ...(labels && { classes: JSON.stringify(classes) }) };
    await writeFile(out, writeSafetensors(tensors, metadata));
  }
  console.log(`${[`features [${shape.join(', ')}] are in ${out}`, ...beside].join(', ')}.`);
}
