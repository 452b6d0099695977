// The IDX file format of MNIST and its relatives, plain or gzip-compressed: two zero bytes, an element type, the number
// of dimensions, the sizes as big-endian 32-bit integers, then the elements, row-major.
// http://yann.lecun.com/exdb/mnist/ describes it.

import { inflate } from '../bytes.ts';
import { kindOf } from '../file_kind.ts';

/** Images of one byte a pixel, one channel: `pixels` is (count, height, width), row-major, 0 to 255. */
export interface IdxImages {
  count: number;
  height: number;
  width: number;
  pixels: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;
const HEADER_BYTES = 4;
/** In bytes, unpacked: a program's memory is no place for more. */
const LARGEST = 2 ** 31;

/**
 * Reads an IDX file of images (three dimensions of unsigned bytes).
 * @param bytes the whole file, plain or gzip-compressed.
 * @param name the file's name, for errors.
 * @throws one sentence that names the file, when it is not such a file or is not complete.
 */
export async function readIdxImages(bytes: Uint8Array, name: string): Promise<IdxImages> {
  const { sizes, data } = parse(await decompress(bytes, name), 3, 'images', name);
  const [count, height, width] = sizes as [number, number, number];
  return { count, height, width, pixels: data };
}

/**
 * Reads an IDX file of labels (one dimension of unsigned bytes), one label an element. Arguments and errors are those
 * of `readIdxImages`.
 */
export async function readIdxLabels(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  return parse(await decompress(bytes, name), 1, 'labels', name).data;
}

function parse(bytes: Uint8Array, rank: number, what: string, name: string): { sizes: number[]; data: Uint8Array } {
  if (bytes.length < HEADER_BYTES || bytes[0] !== 0 || bytes[1] !== 0) {
    const kind = kindOf(bytes);
    const why = kind ? `it is ${kind.what}; ${kind.remedy}` : 'it does not begin with two zero bytes and a type';
    throw new Error(`${name} is not an IDX file: ${why}.`);
  }
  if (bytes[2] !== UNSIGNED_BYTE) {
    const type = `0x${bytes[2]!.toString(16).padStart(2, '0')}`;
    throw new Error(`${name} has IDX elements of type ${type}, and only unsigned bytes (0x08) are supported.`);
  }
  if (bytes[3] !== rank) {
    throw new Error(
      `${name} has ${bytes[3]} dimensions, and IDX ${what} have ${rank}; check that images and labels are not mixed up.`,
    );
  }
  const start = HEADER_BYTES + 4 * rank;
  if (bytes.length < start) throw new Error(`${name} is truncated: it ends inside its IDX header.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const sizes = Array.from({ length: rank }, (_, axis) => view.getUint32(HEADER_BYTES + 4 * axis));
  const wanted = sizes.reduce((count, size) => count * size, 1);
  const found = bytes.length - start;
  if (found < wanted) {
    throw new Error(
      `${name} is truncated: its header promises ${sizes.join(' x ')} bytes of data but ${found} follow.`,
    );
  }
  if (found > wanted) {
    throw new Error(`${name} is damaged: its header promises ${sizes.join(' x ')} bytes of data but ${found} follow.`);
  }
  return { sizes, data: bytes.subarray(start) };
}

/** The bytes themselves, or what they hold if they begin as a gzip file does. */
async function decompress(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await inflate(bytes, 'gzip', LARGEST);
  } catch (cause) {
    throw new Error(`${name} is a damaged or truncated gzip file.`, { cause });
  }
}
