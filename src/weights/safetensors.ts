// The safetensors file format: an 8-byte little-endian header length, a JSON header, then the packed data of all
// tensors. https://github.com/huggingface/safetensors describes it. The project's own checkpoints are such files.

import { kindOf, TELLING_BYTES } from '../file_kind.ts';
import { arrayType, elementCount, type HostTensor, isDType, type StoredTensor, tensorOfBytes } from './host-tensor.ts';
import { shown } from './shown.ts';
import type { ByteSource } from './source.ts';

/** What a safetensors file holds. */
export interface Safetensors {
  tensors: Map<string, HostTensor>;
  metadata: Record<string, string>;
}

interface Entry {
  name: string;
  /** As the file says it; not every one is a `DType`. */
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
}

const LENGTH_BYTES = 8;
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = '__metadata__';

/** What a safetensors file holds, its tensors to be read when they are asked for. */
export interface StoredSafetensors {
  tensors: Map<string, StoredTensor>;
  metadata: Record<string, string>;
}

/**
 * Reads a safetensors file.
 * @param bytes the whole file. Tensors are views of it where their alignment allows it and copies elsewhere, so it must
 * not be changed afterwards.
 * @param name the file's name, for errors.
 * @returns the tensors, in the order of their data in the file, and the metadata strings. A tensor of an element type that
 * is none of `DType` has a name and a shape; asking for more throws a sentence.
 * @throws one sentence that names the file, when it is no safetensors file, is truncated, or its header contradicts
 * itself or the data.
 */
export function readSafetensors(bytes: Uint8Array, name: string): Safetensors {
  const dataStart = LENGTH_BYTES + headerLength(bytes, bytes.length, name);
  const { entries, metadata } = readHeader(bytes.subarray(LENGTH_BYTES, dataStart), bytes.length - dataStart, name);
  const tensors = new Map<string, HostTensor>();
  for (const entry of entries) {
    const { dtype, shape, begin, end } = entry;
    const values = bytes.subarray(dataStart + begin, dataStart + end);
    tensors.set(entry.name, isDType(dtype) ? tensorOfBytes(dtype, shape, values) : unreadable(entry, name));
  }
  return { tensors, metadata };
}

/** Reads a safetensors file's header alone; the values of a tensor are read when it is asked for them. Throws as `readSafetensors`. */
export async function openSafetensors(source: ByteSource): Promise<StoredSafetensors> {
  const { name, size } = source;
  const length = headerLength(await source.read(0, Math.min(size, TELLING_BYTES)), size, name);
  const dataStart = LENGTH_BYTES + length;
  const { entries, metadata } = readHeader(await source.read(LENGTH_BYTES, length), size - dataStart, name);
  const tensors = new Map<string, StoredTensor>();
  for (const entry of entries) {
    const { dtype, shape, begin, end } = entry;
    const read = async () => {
      if (!isDType(dtype)) throw unsupported(entry, name);
      return tensorOfBytes(dtype, shape, await source.read(dataStart + begin, end - begin));
    };
    tensors.set(entry.name, { dtype, shape, read });
  }
  return { tensors, metadata };
}

const unsupported = ({ name, dtype }: Entry, file: string): Error =>
  new Error(
    `${file}: tensor "${name}" has the element type ${dtype}, which is not supported; convert it to F32 in Python.`,
  );

/** A tensor that hinders nobody who does not need it: files hold counters and scales beside weights. */
function unreadable(entry: Entry, file: string): HostTensor {
  return {
    shape: entry.shape,
    get dtype(): never {
      throw unsupported(entry, file);
    },
    get data(): never {
      throw unsupported(entry, file);
    },
  };
}

/** The length of the header of a file of `size` bytes that begins with `start`. */
function headerLength(start: Uint8Array, size: number, name: string): number {
  const found = kindOf(start);
  const refuse = (why: string) =>
    new Error(`${name} is not a safetensors file: ${found ? `it is ${found.what}; ${found.remedy}` : why}.`);
  if (size < LENGTH_BYTES + 1) throw refuse(`it has ${size} bytes, too few for a header`);
  const length = Number(new DataView(start.buffer, start.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES)
    throw refuse(`its first 8 bytes ask for a header of ${length} bytes, and at most ${MAX_HEADER_BYTES} are allowed`);
  if (start[LENGTH_BYTES] !== 0x7b) throw refuse('its header does not begin with "{"');
  if (LENGTH_BYTES + length > size)
    throw new Error(`${name} is truncated: its header has ${length} bytes but only ${size - LENGTH_BYTES} follow.`);
  return length;
}

/** The tensors in the order of their data, and the metadata, of a header that `dataLength` bytes follow. */
function readHeader(
  bytes: Uint8Array,
  dataLength: number,
  name: string,
): { entries: Entry[]; metadata: Record<string, string> } {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new Error(`${name} is not a safetensors file: its header is not JSON in UTF-8.`, { cause });
  }
  const metadata: Record<string, string> = {};
  const entries: Entry[] = [];
  // The first byte is "{", so what parsed is an object.
  for (const [key, value] of Object.entries(header as Record<string, unknown>)) {
    if (key === METADATA) Object.assign(metadata, readMetadata(value, name));
    else entries.push(readEntry(key, value, name));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkOffsets(entries, dataLength, name);
  return { entries, metadata };
}

function readMetadata(value: unknown, name: string): Record<string, string> {
  if (!isObject(value) || Object.values(value).some((text) => typeof text !== 'string')) {
    throw new Error(`${name} is damaged: its ${METADATA} must be an object of strings.`);
  }
  return value as Record<string, string>;
}

function readEntry(key: string, value: unknown, file: string): Entry {
  const refuse = (why: string) => new Error(`${file} is damaged: tensor "${key}" ${why}.`);
  if (!isObject(value)) throw refuse('is not described by an object');
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') throw refuse(`has the element type ${shown(dtype)}, which is no name`);
  if (!isSizes(shape)) throw refuse(`has the shape ${shown(shape)}, which is not a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw refuse(`has the data_offsets ${shown(offsets)}, which are not [begin, end]`);
  }
  const [begin, end] = offsets as [number, number];
  const wanted = isDType(dtype) ? elementCount(shape) * arrayType(dtype).BYTES_PER_ELEMENT : end - begin;
  if (end - begin !== wanted) {
    throw refuse(`takes ${wanted} bytes by its shape [${shape}] of ${dtype} but ${end - begin} by its data_offsets`);
  }
  return { name: key, dtype, shape, begin, end };
}

/** Checks that the sorted entries cover the data without overlap, hole or remainder. */
function checkOffsets(entries: Entry[], dataLength: number, file: string): void {
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin < covered) {
      throw new Error(`${file} is damaged: the data of tensor "${name}" overlaps the data before it at byte ${begin}.`);
    }
    if (begin > covered) {
      throw new Error(
        `${file} is damaged: a hole of ${begin - covered} bytes lies before the data of tensor "${name}".`,
      );
    }
    covered = end;
  }
  if (covered > dataLength) {
    throw new Error(
      `${file} is truncated: its tensors take ${covered} bytes but only ${dataLength} follow the header.`,
    );
  }
  if (covered < dataLength) {
    throw new Error(`${file} is damaged: ${dataLength - covered} bytes follow the data of its last tensor.`);
  }
}

/**
 * Writes a safetensors file. The bytes depend on the contents alone: tensors are laid out by decreasing element size
 * and then by name, which also aligns every one of them, and metadata is sorted by key.
 * @throws when a tensor's array does not fit its shape or element type, or a tensor is called "__metadata__".
 */
export function writeSafetensors(tensors: Map<string, HostTensor>, metadata: Record<string, string> = {}): Uint8Array {
  const { header, order, size } = layOut(tensors, metadata);
  const bytes = new Uint8Array(size);
  bytes.set(header);
  let position = header.length;
  for (const name of order) {
    const data = bytesOf(name, tensors.get(name) as HostTensor);
    bytes.set(data, position);
    position += data.length;
  }
  return bytes;
}

/** A tensor that is made when its turn to be written comes. */
export interface LateTensor extends Pick<HostTensor, 'dtype' | 'shape'> {
  read(): Promise<HostTensor>;
}

/** The same file piece by piece, with one tensor in memory at a time. */
export async function* safetensorsPieces(
  tensors: ReadonlyMap<string, LateTensor>,
  metadata: Record<string, string> = {},
): AsyncGenerator<Uint8Array> {
  const { header, order } = layOut(tensors, metadata);
  yield header;
  for (const name of order) {
    const { dtype, shape, read } = tensors.get(name) as LateTensor;
    yield bytesOf(name, { ...(await read()), dtype, shape });
  }
}

/** The header with its length, the tensors' order behind it, and the bytes of the whole file. */
function layOut(
  tensors: ReadonlyMap<string, Pick<HostTensor, 'dtype' | 'shape'>>,
  metadata: Record<string, string>,
): { header: Uint8Array; order: string[]; size: number } {
  const itemsize = (dtype: HostTensor['dtype']) => arrayType(dtype).BYTES_PER_ELEMENT;
  const sorted = [...tensors].sort(
    ([a, { dtype: s }], [b, { dtype: t }]) => itemsize(t) - itemsize(s) || (a < b ? -1 : 1),
  );
  const fields: string[] = [];
  const field = (key: string, value: unknown) => fields.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
  const sortedMetadata = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (sortedMetadata.length > 0) field(METADATA, Object.fromEntries(sortedMetadata));
  let offset = 0;
  for (const [name, { dtype, shape }] of sorted) {
    if (name === METADATA) throw unwritable(name, 'the name is reserved for metadata');
    const end = offset + elementCount(shape) * itemsize(dtype);
    field(name, { dtype, shape, data_offsets: [offset, end] });
    offset = end;
  }
  const text = new TextEncoder().encode(`{${fields.join(',')}}`);
  // Spaces after the header make the data start at a multiple of 8 bytes.
  const length = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, LENGTH_BYTES);
  return { header, order: sorted.map(([name]) => name), size: header.length + offset };
}

const unwritable = (name: string, why: string): Error =>
  new Error(`Tensor "${name}" cannot be written to a safetensors file: ${why}.`);

function bytesOf(name: string, { dtype, shape, data }: HostTensor): Uint8Array {
  if (!(data instanceof arrayType(dtype))) throw unwritable(name, `its array does not hold elements of type ${dtype}`);
  if (data.length !== elementCount(shape))
    throw unwritable(
      name,
      `its array has ${data.length} elements, and its shape [${shape}] needs ${elementCount(shape)}`,
    );
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
