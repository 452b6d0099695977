// CIFAR-10 and CIFAR-100: 32 x 32 images. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009,
// https://www.cs.toronto.edu/~kriz/cifar.html: the binary archives, whose records are a label (two for CIFAR-100, the fine one
// last) and then red, green and blue, and those for Python, which are pickles with the same bytes.
import { isTuple, kindOf, readPickle } from '../../weights/pickle.ts';
import { equalSizes, type LabelledImages } from '../dataset.ts';
import type { FileTree } from '../tree/tree.ts';
import { type FoundDataset, linesOf, type Recogniser, rootOf } from './format.ts';

const SIDE = 32;
const PLANE = SIDE * SIDE;
const PIXELS = 3 * PLANE;

interface Layout {
  readonly name: string;
  /** Of a split's files, in order. */
  readonly train: readonly string[];
  readonly test: readonly string[];
  /** The file of class names. */
  readonly names: string;
  /** Of a record of the binary form: bytes before the pixels, of which the last is the label. */
  readonly labels: number;
  /** Keys of the Python form: labels, and names in `names`. */
  readonly keys: readonly [labels: string, names: string];
  readonly isBinary: boolean;
}

const numbered = (ending: string) => [1, 2, 3, 4, 5].map((n) => `data_batch_${n}${ending}`);
const TEN = { name: 'CIFAR-10', labels: 1, keys: ['labels', 'label_names'] } as const;
const HUNDRED = { name: 'CIFAR-100', labels: 2, keys: ['fine_labels', 'fine_label_names'] } as const;
const LAYOUTS: readonly Layout[] = [
  { ...TEN, train: numbered('.bin'), test: ['test_batch.bin'], names: 'batches.meta.txt', isBinary: true },
  { ...HUNDRED, train: ['train.bin'], test: ['test.bin'], names: 'fine_label_names.txt', isBinary: true },
  { ...TEN, train: numbered(''), test: ['test_batch'], names: 'batches.meta', isBinary: false },
  { ...HUNDRED, train: ['train'], test: ['test'], names: 'meta', isBinary: false },
];

/** 50,000 images to train on and 10,000 to test; of CIFAR-100 the hundred fine labels. */
export const cifar: Recogniser = async (tree) => {
  for (const layout of LAYOUTS) {
    const root = rootOf(tree, layout.names);
    const isWhole = [...layout.train, ...layout.test].every((file) => tree.files.has(`${root}${file}`));
    if (root !== undefined && isWhole) return readCifar(tree, layout, root);
  }
  return undefined;
};

async function readCifar(tree: FileTree, layout: Layout, root: string): Promise<FoundDataset> {
  const { name, train, test, names, keys, isBinary } = layout;
  const wanted = [...train, ...test].map((file) => root + file);
  const batches = new Map<string, Batch>();
  for await (const [path, bytes] of tree.readEach(wanted)) {
    if (bytes instanceof Error) throw bytes;
    const place = `${tree.name}/${path}`;
    batches.set(path, isBinary ? binaryBatch(bytes, place, layout.labels) : pythonBatch(bytes, place, keys[0]));
  }
  const classes = isBinary
    ? await linesOf(tree, root + names)
    : textsOf(unpickle(await tree.read(root + names), `${tree.name}/${root}${names}`), keys[1]);
  if (!classes) throw new Error(`${tree.name}/${root}${names} has no names of classes "${keys[1]}".`);
  const split = (title: string, files: readonly string[]) =>
    ({
      kind: 'pixels',
      images: joined(
        `${name} (${title})`,
        files.map((file) => batches.get(root + file) as Batch),
        classes,
      ),
    }) as const;
  return {
    format: `${name}, ${isBinary ? 'binary' : 'Python'} version`,
    classes,
    train: split('train', train),
    test: split('test', test),
    missing: [],
    notes: [],
  };
}

/** Images as they are stored: planes of red, green and blue each. */
interface Batch {
  readonly labels: readonly number[];
  readonly images: readonly Uint8Array[];
}

function binaryBatch(bytes: Uint8Array, name: string, labels: number): Batch {
  const record = labels + PIXELS;
  const count = bytes.length / record;
  if (!Number.isInteger(count) || count === 0)
    throw new Error(`${name} is damaged or truncated: its ${bytes.length} bytes are no records of ${record}.`);
  const starts = Array.from({ length: count }, (_, i) => i * record + labels);
  return {
    labels: starts.map((start) => bytes[start - 1] as number),
    images: starts.map((start) => bytes.subarray(start, start + PIXELS)),
  };
}

function pythonBatch(bytes: Uint8Array, name: string, key: string): Batch {
  const dict = unpickle(bytes, name);
  const [labels, data] = [dict.get(key), dict.get('data')];
  const pixels = isArray(data) ? data.bytes : undefined;
  if (!Array.isArray(labels) || !labels.every((label) => typeof label === 'number'))
    throw new Error(`${name} is damaged: it has no list of numbers "${key}".`);
  if (pixels?.length !== labels.length * PIXELS || labels.length === 0)
    throw new Error(
      `${name} is damaged: it has ${labels.length} labels, but ${pixels?.length ?? 'no'} bytes of images, which are ${PIXELS} each.`,
    );
  return { labels, images: labels.map((_, i) => pixels.subarray(i * PIXELS, (i + 1) * PIXELS)) };
}

/** An array of NumPy, of which only unsigned bytes in rows are wanted. */
interface NumpyArray {
  readonly kind: 'array';
  bytes?: Uint8Array;
}
const isArray = (value: unknown): value is NumpyArray => kindOf(value) === 'array';

/** A dict by its keys as text. Of what a pickle would call only that makes arrays of NumPy is known. */
function unpickle(bytes: Uint8Array, name: string): Map<string, unknown> {
  const wanted = 'file of CIFAR';
  const { value } = readPickle(bytes, 0, name, {
    wanted,
    persistent: () => undefined,
    bytes: (string) => string,
    call(callee, args) {
      if (/^numpy\.(_core|core)\.multiarray\._reconstruct$/.test(callee)) return { kind: 'array' } satisfies NumpyArray;
      // How Python 3 writes bytes in the protocols of Python 2.
      if (callee === '_codecs.encode') return Uint8Array.from(textOf(args[0]), (letter) => letter.charCodeAt(0));
      return callee === 'numpy.dtype' ? { kind: 'dtype', code: textOf(args[0]) } : undefined;
    },
    build(object, state) {
      // The state of an array: version, shape, type, whether columns come first, and its bytes.
      if (!isArray(object) || !isTuple(state)) return;
      const [, , type, isFortran, data] = state.items;
      const { code } = (type ?? {}) as { code?: unknown };
      if (code === 'u1' && isFortran === false && data instanceof Uint8Array) object.bytes = data;
    },
  });
  if (!(value instanceof Map)) throw new Error(`${name} is damaged or no ${wanted}: its pickle is no dict.`);
  return new Map([...value].map(([key, item]) => [textOf(key), item]));
}

/** A text of either version of Python; those of the second are bytes. */
const textOf = (value: unknown): string =>
  value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);

function textsOf(dict: ReadonlyMap<string, unknown>, key: string): string[] | undefined {
  const value = dict.get(key);
  return Array.isArray(value) ? value.map(textOf) : undefined;
}

/** Batches one after the other, with the channels of each pixel side by side. */
function joined(name: string, batches: readonly Batch[], classes: readonly string[]): LabelledImages {
  const labels = Int32Array.from(batches.flatMap((batch) => batch.labels));
  const wrong = labels.findIndex((label) => label < 0 || label >= classes.length);
  if (wrong >= 0)
    throw new Error(
      `${name} is damaged: the label of image ${wrong} is ${labels[wrong]}, of ${classes.length} classes.`,
    );
  const pixels = new Uint8Array(labels.length * PIXELS);
  let at = 0;
  for (const image of batches.flatMap((batch) => batch.images))
    for (let i = 0; i < PLANE; i++)
      for (let channel = 0; channel < 3; channel++) pixels[at++] = image[channel * PLANE + i] as number;
  return { name, channels: 3, sizes: equalSizes(labels.length, [SIDE, SIDE]), pixels, labels, classes };
}
