// What `torch.save` writes: since PyTorch 1.6 an archive with a pickle and a file a storage, before that five pickles and then
// the storages one after the other. Nothing in either is executed.
import { arrayType, type DType, elementCount, type StoredTensor, tensorOfBytes } from './host-tensor.ts';
import { type Handlers, isGlobal, isInert, isTuple, kindOf, readPickle } from './pickle.ts';
import { shown } from './shown.ts';
import type { ByteSource } from './source.ts';
import { readZip } from './zip.ts';

/** Where a file has its storages: bytes of one of them by its key. Throws where there is none, or it is shorter. */
interface Storages {
  check(key: string, bytes: number): void;
  read(key: string, from: number, length: number): Promise<Uint8Array>;
}

interface Storage {
  readonly kind: 'storage';
  readonly key: string;
  /** Undefined for bytes without a type, which newer tensors give. */
  readonly dtype: DType | undefined;
  /** In bytes. */
  readonly size: number;
  /** In bytes: old files have storages that are a part of another. */
  readonly offset: number;
}

interface TensorRecord {
  readonly kind: 'tensor';
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** In elements, like the strides. */
  readonly offset: number;
  readonly storage: Storage;
}

const STORAGES: ReadonlyMap<string, DType | undefined> = new Map([
  ['torch.DoubleStorage', 'F64'],
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
  ['torch.storage.UntypedStorage', undefined],
]);

const DTYPES: ReadonlyMap<string, DType> = new Map([
  ['torch.float64', 'F64'],
  ['torch.float32', 'F32'],
  ['torch.float16', 'F16'],
  ['torch.bfloat16', 'BF16'],
  ['torch.int64', 'I64'],
  ['torch.int32', 'I32'],
  ['torch.int16', 'I16'],
  ['torch.int8', 'I8'],
  ['torch.uint8', 'U8'],
  ['torch.bool', 'BOOL'],
]);

/** PyTorch itself has no more. */
const MOST_DIMENSIONS = 64;

/** A tensor may have this many more bytes than its file, as an expanded one has; more is an attack. */
const SLACK = 2 ** 24;

/** Pickles of real checkpoints have less than 2 MiB. */
const LARGEST_PICKLE = 2 ** 24;

const MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_VERSION = 1001;

/** Whether a file begins as one of the two formats does: with an archive, or with a pickle. */
export const isTorchZip = (start: Uint8Array): boolean =>
  start[0] === 0x50 && start[1] === 0x4b && (start[2] === 3 || start[2] === 5);
export const isTorchLegacy = (start: Uint8Array): boolean =>
  start[0] === 0x80 && (start[1] as number) >= 2 && (start[1] as number) <= 5;

/**
 * The tensors of a state dict: that under `state_dict`, else under `model`, else the file's own.
 * Throws one sentence that names the file where it is damaged, holds anything but a state dict, or a tensor of a kind that is
 * not read (sparse, quantized).
 */
export async function readTorchZip(source: ByteSource): Promise<Map<string, StoredTensor>> {
  const entries = await readZip(source);
  const pickles = [...entries.keys()].filter((name) => /(^|\/)data\.pkl$/.test(name));
  if (pickles.length !== 1)
    throw new Error(`${source.name} is an archive, but not one of PyTorch: it has ${pickles.length} files data.pkl.`);
  const [pickle = ''] = pickles;
  const root = pickle.slice(0, -'data.pkl'.length);
  const order = entries.get(`${root}byteorder`);
  if (order && new TextDecoder().decode(await order.read(0, Math.min(order.size, 16))).trim() !== 'little')
    throw new Error(`${source.name} has numbers in big-endian order, which are not read.`);
  const { size } = entries.get(pickle) as { size: number };
  if (size > LARGEST_PICKLE) throw new Error(`${source.name} is no state dict: its pickle has ${size} bytes.`);
  const entryOf = (key: string) => {
    const entry = entries.get(`${root}data/${key}`);
    if (!entry) throw new Error(`${source.name} is damaged: it has no entry "${root}data/${key}".`);
    return entry;
  };
  const storages: Storages = {
    check(key, bytes) {
      const { size: has } = entryOf(key);
      if (bytes > has)
        throw new Error(`${source.name} is damaged: its storage ${key} has ${has} bytes and not ${bytes}.`);
    },
    read: (key, from, length) => entryOf(key).read(from, length),
  };
  const bytes = await (entries.get(pickle) as ReturnType<typeof entryOf>).read(0, size);
  const { value } = readPickle(bytes, 0, source.name, handlersFor(source));
  return stateDict(value, source, storages);
}

/** As `readTorchZip`. Of the storages only their lengths are read. */
export async function readTorchLegacy(source: ByteSource): Promise<Map<string, StoredTensor>> {
  const bytes = await source.read(0, Math.min(source.size, LARGEST_PICKLE));
  const handlers = handlersFor(source);
  let at = 0;
  const next = (): unknown => {
    const { value, end } = readPickle(bytes, at, source.name, handlers);
    at = end;
    return value;
  };
  const refuse = (why: string) => new Error(`${source.name} is damaged: ${why}.`);
  if (next() !== MAGIC) throw refuse('it does not begin with the number that PyTorch writes');
  const version = next();
  if (version !== LEGACY_VERSION) throw refuse(`it has the version ${shown(version)}, and ${LEGACY_VERSION} is read`);
  const system = next();
  if (system instanceof Map && system.get('little_endian') === false)
    throw new Error(`${source.name} has numbers in big-endian order, which are not read.`);
  const root = next();
  const keys = next();
  if (!Array.isArray(keys)) throw refuse('it has no list of storages');

  const places = new Map<string, { start: number; size: number }>();
  for (const key of keys) {
    const known = handlers.storages.get(key);
    if (!known?.dtype || places.has(key)) throw refuse(`its list of storages has ${shown(key)}, which no tensor uses`);
    if (at + 8 > source.size) throw new Error(`${source.name} is truncated: the storage ${key} is missing.`);
    const header = await source.read(at, 8);
    const count = new DataView(header.buffer, header.byteOffset, 8).getBigInt64(0, true);
    const size = Number(count) * arrayType(known.dtype).BYTES_PER_ELEMENT;
    if (count < 0n || size !== known.size)
      throw refuse(`its storage ${key} has ${count} elements, but its tensors say ${known.size} bytes`);
    if (at + 8 + size > source.size)
      throw new Error(`${source.name} is truncated: the storage ${key} ends beyond the file.`);
    places.set(key, { start: at + 8, size });
    at += 8 + size;
  }
  const placeOf = (key: string) => {
    const place = places.get(key);
    if (!place) throw refuse(`it has no storage ${key}`);
    return place;
  };
  return stateDict(root, source, {
    check(key, size) {
      if (size > placeOf(key).size) throw refuse(`its storage ${key} has ${placeOf(key).size} bytes and not ${size}`);
    },
    read: (key, from, length) => source.read(placeOf(key).start + from, length),
  });
}

/** What of a pickle means something here; `storages` has those that it named, by key. */
function handlersFor({ name }: ByteSource): Handlers & { readonly storages: Map<unknown, Storage> } {
  const refuse = (why: string) => new Error(`${name} is damaged: ${why}.`);
  const storages = new Map<unknown, Storage>();
  return {
    storages,
    persistent(id) {
      const [what, type, key, , count, view] = isTuple(id) ? id.items : [];
      const isKnown = isGlobal(type) && STORAGES.has(type.name);
      if (what !== 'storage' || typeof key !== 'string' || !isKnown)
        throw refuse(isGlobal(type) ? `it has a storage of the type ${type.name}` : 'it refers to what is no storage');
      const dtype = STORAGES.get(type.name);
      const itemsize = dtype ? arrayType(dtype).BYTES_PER_ELEMENT : 1;
      if (!isCount(count) || !isCount(count * itemsize))
        throw refuse(`its storage ${key} has ${shown(count)} elements`);
      const storage: Storage = { kind: 'storage', key, dtype, size: count * itemsize, offset: 0 };
      const known = storages.get(key);
      if (known && (known.dtype !== dtype || known.size !== storage.size))
        throw refuse(`its storage ${key} has two types or sizes`);
      storages.set(key, storage);
      if (!isTuple(view)) return storage;
      const [, offset, length] = view.items;
      if (!isCount(offset) || !isCount(length) || offset + length > count)
        throw refuse(`its storage ${key} has a part beyond its end`);
      return { ...storage, offset: offset * itemsize, size: length * itemsize };
    },
    call(global, args) {
      switch (global) {
        case 'collections.OrderedDict':
          return new Map();
        case 'torch.Size':
          return args[0];
        case 'torch._utils._rebuild_parameter':
          return args[0];
        case 'torch._utils._rebuild_tensor':
        case 'torch._utils._rebuild_tensor_v2':
        case 'torch._utils._rebuild_tensor_v3':
          return tensorRecord(args, refuse);
        default:
          return undefined;
      }
    },
  };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isStorage = (value: unknown): value is Storage => kindOf(value) === 'storage';
const isTensor = (value: unknown): value is TensorRecord => kindOf(value) === 'tensor';

/** storage, offset, shape, strides, requires_grad, hooks, and in version 3 the type. */
function tensorRecord(args: readonly unknown[], refuse: (why: string) => Error): TensorRecord {
  const [storage, offset, shape, strides, , , type] = args;
  if (!isStorage(storage)) throw refuse('it has a tensor without a storage');
  const dtype = storage.dtype ?? (isGlobal(type) ? DTYPES.get(type.name) : undefined);
  if (!dtype) throw refuse(`it has a tensor of the type ${isGlobal(type) ? type.name : 'unknown'}, which is not read`);
  const isShape = (value: unknown): value is { items: readonly number[] } =>
    isTuple(value) && value.items.every(isCount) && value.items.length <= MOST_DIMENSIONS;
  if (!isCount(offset) || !isShape(shape) || !isShape(strides) || shape.items.length !== strides.items.length)
    throw refuse('it has a tensor whose shape, strides or place make no sense');
  return { kind: 'tensor', dtype, shape: shape.items, strides: strides.items, offset, storage };
}

function stateDict(root: unknown, source: ByteSource, storages: Storages): Map<string, StoredTensor> {
  const state = root instanceof Map ? (root.get('state_dict') ?? modelOf(root) ?? root) : root;
  if (!(state instanceof Map))
    throw new Error(
      `${source.name} holds ${describe(state)} where a dict of tensors is needed; save model.state_dict() with torch.save.`,
    );
  const tensors = new Map<string, StoredTensor>();
  for (const [name, value] of state) {
    if (typeof name !== 'string') continue;
    if (isTensor(value)) tensors.set(name, storedTensor(name, value, source, storages));
    else if (isInert(value) && /\b_?rebuild_/.test(value.of))
      throw new Error(`${source.name}: ${name} is made by ${value.of}, a kind of tensor that is not read.`);
  }
  if (tensors.size === 0) throw new Error(`${source.name} holds no tensors; save model.state_dict() with torch.save.`);
  return tensors;
}

const modelOf = (root: Map<unknown, unknown>): unknown => {
  const model = root.get('model');
  return isTensor(model) ? undefined : model;
};

function describe(value: unknown): string {
  if (isInert(value)) return `an object made by ${value.of}`;
  if (isGlobal(value)) return value.name;
  if (isTensor(value)) return 'a single tensor';
  if (isTuple(value)) return 'a tuple';
  return value === null ? 'None' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

function storedTensor(name: string, record: TensorRecord, source: ByteSource, storages: Storages): StoredTensor {
  const { dtype, shape, strides, offset, storage } = record;
  const { BYTES_PER_ELEMENT: itemsize } = arrayType(dtype);
  const count = elementCount(shape);
  // One past the last element that is used, in a storage that may be larger.
  const end =
    count === 0 ? 0 : offset + shape.reduce((last, size, axis) => last + (size - 1) * (strides[axis] ?? 0), 1);
  if (!isCount(count * itemsize) || count * itemsize > source.size + SLACK)
    throw new Error(`${source.name}: ${name} has the shape [${shape}], which is larger than the file.`);
  if (!isCount(end) || end * itemsize > storage.size)
    throw new Error(`${source.name} is damaged: ${name} reaches beyond its storage.`);
  storages.check(storage.key, storage.offset + storage.size);
  return {
    dtype,
    shape,
    async read() {
      const from = storage.offset + offset * itemsize;
      const length = count === 0 ? 0 : (end - offset) * itemsize;
      const bytes = length === 0 ? new Uint8Array() : await storages.read(storage.key, from, length);
      if (bytes.length !== length) throw new Error(`${source.name} is truncated: ${name} ends beyond the file.`);
      return tensorOfBytes(
        dtype,
        shape,
        isContiguous(shape, strides) ? bytes : gather(bytes, shape, strides, itemsize),
      );
    },
  };
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    if (size !== 1 && strides[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}

/** The elements of a strided view, one after the other. */
function gather(bytes: Uint8Array, shape: readonly number[], strides: readonly number[], itemsize: number): Uint8Array {
  const result = new Uint8Array(elementCount(shape) * itemsize);
  let to = 0;
  const copy = (axis: number, from: number): void => {
    if (axis === shape.length) {
      for (let i = 0; i < itemsize; i++) result[to++] = bytes[from + i] as number;
      return;
    }
    const step = (strides[axis] as number) * itemsize;
    for (let index = 0; index < (shape[axis] as number); index++) copy(axis + 1, from + index * step);
  };
  if (result.length > 0) copy(0, 0);
  return result;
}
