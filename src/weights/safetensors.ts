// The safetensors file format: an 8-byte little-endian header length, a JSON header, then the packed data of all
// tensors. https://github.com/huggingface/safetensors describes it. The project's own checkpoints are such files.

import { kindOf } from '../file_kind.ts';
import { arrayType, elementCount, type HostTensor, isDType } from './host-tensor.ts';

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
  const { header, dataStart } = readHeader(bytes, name);
  const dataLength = bytes.length - dataStart;
  const metadata: Record<string, string> = {};
  const entries: Entry[] = [];
  for (const [key, value] of Object.entries(header)) {
    if (key === METADATA) Object.assign(metadata, readMetadata(value, name));
    else entries.push(readEntry(key, value, name));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkOffsets(entries, dataLength, name);

  const tensors = new Map<string, HostTensor>();
  for (const entry of entries) {
    const { dtype, shape } = entry;
    if (!isDType(dtype)) {
      tensors.set(entry.name, unreadable(entry, name));
      continue;
    }
    const type = arrayType(dtype);
    const start = bytes.byteOffset + dataStart + entry.begin;
    const aligned = start % type.BYTES_PER_ELEMENT === 0;
    const buffer = aligned ? bytes.buffer : bytes.buffer.slice(start, start + entry.end - entry.begin);
    const data = new type(buffer, aligned ? start : 0, elementCount(shape));
    tensors.set(entry.name, { dtype, shape, data });
  }
  return { tensors, metadata };
}

/** A tensor that hinders nobody who does not need it: files hold counters and scales beside weights. */
function unreadable({ name, dtype, shape }: Entry, file: string): HostTensor {
  const refuse = (): never => {
    throw new Error(
      `${file}: tensor "${name}" has the element type ${dtype}, which is not supported; convert it to F32 in Python.`,
    );
  };
  return {
    shape,
    get dtype() {
      return refuse();
    },
    get data() {
      return refuse();
    },
  };
}

function readHeader(bytes: Uint8Array, name: string): { header: Record<string, unknown>; dataStart: number } {
  const found = kindOf(bytes);
  const refuse = (why: string) =>
    new Error(`${name} is not a safetensors file: ${found ? `it is ${found.what}; ${found.remedy}` : why}.`);
  if (bytes.length < LENGTH_BYTES + 1) {
    throw refuse(`it has ${bytes.length} bytes, too few for a header`);
  }
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) {
    throw refuse(`its first 8 bytes ask for a header of ${length} bytes, and at most ${MAX_HEADER_BYTES} are allowed`);
  }
  if (bytes[LENGTH_BYTES] !== 0x7b) throw refuse('its header does not begin with "{"');
  const dataStart = LENGTH_BYTES + length;
  if (dataStart > bytes.length) {
    throw new Error(
      `${name} is truncated: its header has ${length} bytes but only ${bytes.length - LENGTH_BYTES} follow.`,
    );
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, dataStart)));
  } catch (cause) {
    throw new Error(`${name} is not a safetensors file: its header is not JSON in UTF-8.`, { cause });
  }
  // The first byte is "{", so what parsed is an object.
  return { header: header as Record<string, unknown>, dataStart };
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
  if (typeof dtype !== 'string') throw refuse(`has the element type ${JSON.stringify(dtype)}, which is no name`);
  if (!isSizes(shape)) throw refuse(`has the shape ${JSON.stringify(shape)}, which is not a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw refuse(`has the data_offsets ${JSON.stringify(offsets)}, which are not [begin, end]`);
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
  const sorted = [...tensors].sort(
    ([a, { dtype: s }], [b, { dtype: t }]) =>
      arrayType(t).BYTES_PER_ELEMENT - arrayType(s).BYTES_PER_ELEMENT || (a < b ? -1 : 1),
  );
  const fields: string[] = [];
  const field = (key: string, value: unknown) => fields.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
  const sortedMetadata = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (sortedMetadata.length > 0) field(METADATA, Object.fromEntries(sortedMetadata));
  let offset = 0;
  for (const [name, tensor] of sorted) {
    checkTensor(name, tensor);
    const { dtype, shape, data } = tensor;
    field(name, { dtype, shape, data_offsets: [offset, offset + data.byteLength] });
    offset += data.byteLength;
  }
  const header = new TextEncoder().encode(`{${fields.join(',')}}`);
  // Spaces after the header make the data start at a multiple of 8 bytes.
  const headerLength = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + headerLength + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerLength);
  bytes.set(header, LENGTH_BYTES);
  let position = LENGTH_BYTES + headerLength;
  for (const [, { data }] of sorted) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}

function checkTensor(name: string, { dtype, shape, data }: HostTensor): void {
  const refuse = (why: string) => new Error(`Tensor "${name}" cannot be written to a safetensors file: ${why}.`);
  if (name === METADATA) throw refuse('the name is reserved for metadata');
  if (!(data instanceof arrayType(dtype))) throw refuse(`its array does not hold elements of type ${dtype}`);
  if (data.length !== elementCount(shape)) {
    throw refuse(`its array has ${data.length} elements, and its shape [${shape}] needs ${elementCount(shape)}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
