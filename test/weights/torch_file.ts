// Writes what `torch.save` writes of plain f32 and i64 tensors, in both of its containers, in pieces: files may be larger than
// what a test wants in memory. https://github.com/pytorch/pytorch/blob/main/torch/serialization.py is where the formats are from.

/** A tensor whose bytes are made when they are written. */
export interface TorchTensor {
  readonly dtype: 'F32' | 'I64';
  readonly shape: readonly number[];
  bytes(): Uint8Array;
}

/** A dict that is saved: texts to tensors, numbers, texts and dicts. */
export type TorchValue = TorchTensor | number | string | { readonly [key: string]: TorchValue };

const STORAGE = { F32: 'FloatStorage', I64: 'LongStorage' };
const ITEMSIZE = { F32: 4, I64: 8 };

const encoder = new TextEncoder();
const isTensor = (value: TorchValue): value is TorchTensor => typeof value === 'object' && 'bytes' in value;
const count = ({ shape }: TorchTensor) => shape.reduce((product, size) => product * size, 1);
const sizeOf = (tensor: TorchTensor) => count(tensor) * ITEMSIZE[tensor.dtype];

const littleEndian = (value: bigint, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
const u16 = (value: number) => littleEndian(BigInt(value), 2);
const u32 = (value: number) => littleEndian(BigInt(value), 4);
const text = (value: string): number[] => {
  const bytes = encoder.encode(value);
  return [0x58, ...u32(bytes.length), ...bytes]; // BINUNICODE
};
const integer = (value: number): number[] => [0x8a, 8, ...littleEndian(BigInt(value), 8)]; // LONG1
const global = (module: string, name: string): number[] => [0x63, ...encoder.encode(`${module}\n${name}\n`)];

/** The pickle of a value, and the tensors in it by the keys of their storages. `more` is what a storage's id ends with. */
function pickle(value: TorchValue, more: number[]): { bytes: number[]; tensors: [key: string, tensor: TorchTensor][] } {
  const tensors: [string, TorchTensor][] = [];
  const tuple = (...items: number[][]) => [0x28, ...items.flat(), 0x74]; // MARK ... TUPLE
  const write = (item: TorchValue): number[] => {
    if (typeof item === 'number') return integer(item);
    if (typeof item === 'string') return text(item);
    if (!isTensor(item)) {
      const entries = Object.entries(item).flatMap(([key, entry]) => [...text(key), ...write(entry)]);
      return [0x7d, 0x28, ...entries, 0x75]; // EMPTY_DICT MARK ... SETITEMS
    }
    const key = `${tensors.length}`;
    tensors.push([key, item]);
    const id = [
      text('storage'),
      global('torch', STORAGE[item.dtype]),
      text(key),
      text('cuda:0'),
      integer(count(item)),
      more,
    ];
    const strides = item.shape.map((_, axis) =>
      item.shape.slice(axis + 1).reduce((product, size) => product * size, 1),
    );
    const hooks = [...global('collections', 'OrderedDict'), 0x29, 0x52]; // EMPTY_TUPLE REDUCE
    const args = tuple(
      [...tuple(...id), 0x51], // BINPERSID
      integer(0),
      tuple(...item.shape.map(integer)),
      tuple(...strides.map(integer)),
      [0x89], // NEWFALSE
      hooks,
    );
    return [...global('torch._utils', '_rebuild_tensor_v2'), ...args, 0x52];
  };
  const body = write(value);
  return { bytes: [0x80, 2, ...body, 0x2e], tensors };
}

/** The container since PyTorch 1.6: an archive of stored entries, each aligned to 64 bytes, with sizes in its directory alone. */
export function* torchZip(value: TorchValue): Generator<Uint8Array> {
  const { bytes, tensors } = pickle(value, []);
  const entries: [name: string, size: number, bytes: () => Uint8Array][] = [
    ['data.pkl', bytes.length, () => Uint8Array.from(bytes)],
    ['byteorder', 6, () => encoder.encode('little')],
    ...tensors.map(([key, tensor]): (typeof entries)[number] => [`data/${key}`, sizeOf(tensor), tensor.bytes]),
    ['version', 2, () => encoder.encode('3\n')],
  ];
  const directory: number[] = [];
  let at = 0;
  for (const [path, size, content] of entries) {
    const name = encoder.encode(`archive/${path}`);
    const padding = (64 - ((at + 30 + name.length + 4) % 64)) % 64;
    const sizes = [...u32(0), ...u32(0), ...u32(0)];
    const fixed = [...u16(0), ...u16(0x0808), ...u16(0), ...u32(0)];
    const local = [0x50, 0x4b, 3, 4, ...fixed, ...sizes, ...u16(name.length), ...u16(4 + padding), ...name];
    const head = [...local, 0x46, 0x42, ...u16(padding), ...new Array<number>(padding).fill(0x5a)];
    const where = [
      ...u32(0),
      ...u32(size),
      ...u32(size),
      ...u16(name.length),
      ...u16(0),
      ...u16(0),
      ...u16(0),
      ...u16(0),
    ];
    directory.push(0x50, 0x4b, 1, 2, ...u16(0), ...fixed, ...where, ...u32(0), ...u32(at), ...name);
    yield Uint8Array.from(head);
    yield content();
    const descriptor = [0x50, 0x4b, 7, 8, ...u32(0), ...u32(size), ...u32(size)];
    yield Uint8Array.from(descriptor);
    at += head.length + size + descriptor.length;
  }
  yield Uint8Array.from(directory);
  const counts = [...u16(entries.length), ...u16(entries.length)];
  yield Uint8Array.from([0x50, 0x4b, 5, 6, ...u32(0), ...counts, ...u32(directory.length), ...u32(at), ...u16(0)]);
}

/** The container before that: five pickles, then each storage behind the count of its elements. */
export function* torchLegacy(value: TorchValue): Generator<Uint8Array> {
  const { bytes, tensors } = pickle(value, [0x4e]); // NONE: no view of another storage
  const magic = [0x80, 2, 0x8a, 10, ...littleEndian(0x1950a86a20f9469cfc6cn, 10), 0x2e];
  const version = [0x80, 2, ...integer(1001), 0x2e];
  const system = [0x80, 2, 0x7d, ...text('little_endian'), 0x88, 0x73, 0x2e]; // EMPTY_DICT NEWTRUE SETITEM
  const keys = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
  const list = [0x80, 2, 0x5d, 0x28, ...keys.flatMap(([key]) => text(key)), 0x65, 0x2e]; // EMPTY_LIST MARK ... APPENDS
  yield Uint8Array.from([...magic, ...version, ...system, ...bytes, ...list]);
  for (const [, tensor] of keys) {
    yield Uint8Array.from(littleEndian(BigInt(count(tensor)), 8));
    yield tensor.bytes();
  }
}

/** All of a small file. */
export const joined = (pieces: Iterable<Uint8Array>): Uint8Array => {
  const list = [...pieces];
  const bytes = new Uint8Array(list.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of list) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
};
