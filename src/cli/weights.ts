import { type Augmentation, checkAugmentation } from '../data/augment/description.ts';
import type { LabelledImages, Size, Statistics } from '../data/dataset.ts';
import { explained } from '../files.node.ts';
import type { Device } from '../gpu/device.ts';
import { type EncoderOptions, encoderDefaults, encoders, isViT, type Model, type ModelOptions } from '../nn/model.ts';
import { STEMS } from '../nn/resnet.ts';
import type { StateEntry } from '../nn/store.ts';
import { type Checkpoint, openCheckpoint } from '../weights/checkpoint.ts';
import type { HostTensor, StoredTensor } from '../weights/host-tensor.ts';
import { encoderKeys } from '../weights/keys.ts';
import { loadTable } from '../weights/load_table.ts';
import { recognizeEncoder } from '../weights/recognize.ts';
import { fileSource } from '../weights/source.node.ts';
import { compareState, loadState, readState } from '../weights/state_dict.ts';

/** A checkpoint, with the tensors of an encoder and a classifier in memory. */
export interface Weights {
  readonly path: string;
  readonly format: Checkpoint['format'];
  /** The names in the file of those that have another one here. */
  readonly keys: ReadonlyMap<string, string>;
  /** An encoder's under this project's names (`encoder.*`), all else under the file's; those cannot be read any more. */
  readonly tensors: ReadonlyMap<string, HostTensor | StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads what a checkpoint has of an encoder and a classifier: safetensors, or PyTorch's own, of this program or of the projects
 * that `encoderKeys` knows. Throws in one sentence where the file is missing, damaged, or no checkpoint.
 */
export async function readWeights(path: string): Promise<Weights> {
  const refusal = `The weights ${path} cannot be read`;
  const source = await explained(refusal, () => fileSource(path));
  try {
    const { format, tensors: stored, metadata } = await openCheckpoint(source);
    const { tensors, keys } = ownNames(stored, path);
    const read = new Map<string, HostTensor | StoredTensor>();
    for (const [name, tensor] of tensors)
      read.set(name, /^(encoder|classifier)\./.test(name) ? await tensor.read() : tensor);
    return { path, format, metadata, keys, tensors: read };
  } finally {
    await source.close();
  }
}

/** A file's tensors with an encoder's under this project's names (`encoder.*`), and the names that these have in the file. */
export function ownNames<T>(
  stored: ReadonlyMap<string, T>,
  path: string,
): { tensors: Map<string, T>; keys: Map<string, string> } {
  const keys = new Map([...encoderKeys(stored.keys(), path)].map(([bare, key]) => [`encoder.${bare}`, key]));
  const names = new Map([...keys].map(([name, key]) => [key, name]));
  return { keys, tensors: new Map([...stored].map(([key, tensor]) => [names.get(key) ?? key, tensor])) };
}

/** What a checkpoint says of itself: all that is needed in order to use it. */
export interface ModelCard {
  readonly arch: ModelOptions['arch'];
  readonly encoder: EncoderOptions & { readonly channels: number };
  /** The classifier's classes in order. */
  readonly classes?: readonly string[];
  /** What its images were normalised by. */
  readonly statistics?: Statistics;
  readonly image_size?: readonly [height: number, width: number];
  /** How images become views of that size when they are evaluated; they are resized unless given. */
  readonly view?: Augmentation;
}

/** The metadata of a checkpoint that holds the given model. */
export function cardMetadata({
  arch,
  encoder,
  classes,
  statistics,
  image_size,
  view,
}: ModelCard): Record<string, string> {
  const { width, stem, channels, global_pool } = encoder;
  return {
    ...{ arch, channels: `${channels}` },
    ...(width !== undefined && { width: `${width}` }),
    ...(stem !== undefined && { stem }),
    ...(global_pool !== undefined && { global_pool: `${global_pool}` }),
    ...(classes && { classes: JSON.stringify(classes) }),
    ...(statistics && { mean: JSON.stringify(statistics.mean), std: JSON.stringify(statistics.std) }),
    ...(image_size && { image_size: JSON.stringify(image_size) }),
    ...(view && { view: JSON.stringify(view) }),
  };
}

/**
 * Reads it back. Of a file that says nothing of itself the encoder is told by its tensors, where it is one that is known, with
 * `stem` where they leave that open. Throws where the file says what cannot be.
 */
export function cardOf(
  { metadata, path, tensors }: Pick<Weights, 'metadata' | 'path'> & { tensors: Parameters<typeof recognizeEncoder>[0] },
  {
    recognize = true,
    stem,
    global_pool,
  }: { recognize?: boolean; stem?: keyof typeof STEMS | undefined; global_pool?: boolean | undefined } = {},
): ModelCard | undefined {
  const { arch } = metadata;
  if (arch === undefined) return recognize ? recognizeEncoder(tensors, stem, global_pool) : undefined;
  if (!isOneOf(encoders, arch)) throw new Error(`${path} holds a ${arch}, which this version does not know.`);
  const defaults = encoderDefaults(arch);
  const { width = defaults.width, stem: said = defaults.stem, channels = 3, global_pool: pooled = 'true' } = metadata;
  if (said !== undefined && !isOneOf(STEMS, said))
    throw new Error(`${path} has a stem ${said}, which this version does not know.`);
  const parsed = (name: string): unknown => {
    const text = metadata[name];
    try {
      return text === undefined ? undefined : JSON.parse(text);
    } catch {
      return null;
    }
  };
  const damaged = (name: string) =>
    new Error(`${path} is damaged: its metadata has ${name} = ${metadata[name]}, which makes no sense.`);
  const size = (name: string, value: string | number): number => {
    if (Number.isSafeInteger(Number(value)) && Number(value) > 0) return Number(value);
    throw damaged(name);
  };
  const list = <T>(name: string, isItem: (item: unknown) => item is T, length?: number): readonly T[] | undefined => {
    const value = parsed(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every(isItem) || value.length !== (length ?? value.length)) throw damaged(name);
    return value;
  };
  const image_size = list('image_size', isPositive, 2) as ModelCard['image_size'];
  const encoder = {
    channels: size('channels', channels),
    ...(said !== undefined && { stem: said }),
    ...(width !== undefined && { width: size('width', width) }),
    ...(isViT(arch) && { global_pool: pooled === 'true', ...(image_size && { image_size }) }),
  };
  const classes = list('classes', isText);
  const mean = list('mean', isNumber, encoder.channels);
  const std = list('std', isPositive, encoder.channels);
  return {
    ...{ arch, encoder },
    ...(classes && { classes }),
    ...(mean && std && { statistics: { mean, std } }),
    ...(image_size && { image_size }),
    ...(metadata.view !== undefined && { view: viewIn(parsed('view'), () => damaged('view')) }),
  };
}

/** What the classifier of a checkpoint is made with: how many classes it tells apart, if it has one, and whether it has a bias. */
export const headIn = ({ tensors }: Weights): { classes: number | undefined; head: { bias: boolean } } => ({
  classes: tensors.get('classifier.weight')?.shape[0],
  head: { bias: tensors.has('classifier.bias') },
});

function viewIn(value: unknown, damaged: () => Error): Augmentation {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged();
  try {
    checkAugmentation(value);
    return value;
  } catch {
    throw damaged();
  }
}

const isOneOf = <K extends string>(known: Record<K, unknown>, name: string): name is K => Object.hasOwn(known, name);
const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => Number.isFinite(value);
const isPositive = (value: unknown): value is number => isNumber(value) && value > 0;

/** How images are shown to the model of a checkpoint. Throws where it does not say their size. */
export function viewOf(path: string, { image_size, view }: ModelCard): Augmentation & { readonly size: Size } {
  if (image_size) return { ...view, size: image_size };
  throw new Error(`${path} does not say the size of its images.`);
}

/** Throws where a checkpoint takes other images than these. */
export function checkChannels(
  path: string,
  { encoder: { channels } }: ModelCard,
  { name, channels: given }: Pick<LabelledImages, 'name' | 'channels'>,
): void {
  if (given !== channels)
    throw new Error(`${path} takes images of ${channels} channels, but those of ${name} have ${given}.`);
}

/**
 * Loads the parts of a model whose names begin with one of `parts`; see `loadState`. Returns the table of what goes with what;
 * where the file is refused, that is printed.
 */
export const loadParts = (
  device: Device,
  model: Model,
  weights: Weights,
  parts: readonly string[],
  options: { partial?: boolean } = {},
): Promise<string> =>
  tabled(model, weights, parts, (entries, { tensors, path }) => loadState(device, entries, tensors, path, options));

/** Refuses what `loadParts` would refuse, and loads nothing. */
export const checkParts = (
  model: Model,
  weights: Weights,
  parts: readonly string[],
  options: { partial?: boolean } = {},
): Promise<string> =>
  tabled(model, weights, parts, (entries, { tensors, path }) => readState(entries, tensors, path, options));

async function tabled(
  { store }: Model,
  weights: Weights,
  parts: readonly string[],
  take: (entries: readonly StateEntry[], weights: Weights) => Promise<unknown>,
): Promise<string> {
  const { tensors, path, format, keys } = weights;
  const wanted = store.entries.filter(({ name }) => parts.some((part) => name.startsWith(`${part}.`)));
  const rows = loadTable(compareState(wanted, tensors), wanted, tensors, (name) => keys.get(name) ?? name);
  const table = [`${path} (${format}), for the ${wanted.length} tensors of the model:`, ...rows].join('\n  ');
  try {
    await take(wanted, weights);
  } catch (error) {
    console.error(table);
    throw error;
  }
  return table;
}
