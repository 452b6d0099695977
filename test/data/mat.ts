// Writes MATLAB's files of version 5 as MATLAB does: texts in 16-bit units, field names in 32 bytes each, and numbers stored in
// the smallest type.
import { deflateSync } from 'node:zlib';

export type MatInput =
  | readonly number[]
  | string
  | { readonly cell: readonly MatInput[] }
  | { readonly struct: readonly Readonly<Record<string, MatInput>>[] };

const CELL = 1;
const STRUCT = 2;
const CHAR = 4;
const DOUBLE = 6;

/** An element: its type and data, padded to 8 bytes, or in the short form where they fit. */
function element(type: number, data: Uint8Array): Buffer {
  if (data.length > 0 && data.length <= 4) {
    const short = Buffer.alloc(8);
    short.writeUInt16LE(type, 0);
    short.writeUInt16LE(data.length, 2);
    short.set(data, 4);
    return short;
  }
  const head = Buffer.alloc(8);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
}

const bytes = (array: Uint8Array | Uint16Array | Int32Array | Uint32Array | Float64Array) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

function numbers(values: readonly number[]): Buffer {
  if (values.some((value) => !Number.isInteger(value) || value < 0))
    return element(9, bytes(Float64Array.from(values)));
  return Math.max(0, ...values) < 256
    ? element(2, Uint8Array.from(values))
    : element(4, bytes(Uint16Array.from(values)));
}

/** An array of one row. */
function matrix(name: string, value: MatInput): Buffer {
  const array = (kind: number, count: number, ...rest: Buffer[]) =>
    element(
      14,
      Buffer.concat([
        element(6, bytes(Uint32Array.of(kind, 0))),
        element(5, bytes(Int32Array.of(1, count))),
        element(1, new TextEncoder().encode(name)),
        ...rest,
      ]),
    );
  if (typeof value === 'string') {
    const units = Uint16Array.from(value, (letter) => letter.charCodeAt(0));
    return array(CHAR, value.length, element(4, bytes(units)));
  }
  if ('cell' in value) return array(CELL, value.cell.length, ...value.cell.map((cell) => matrix('', cell)));
  if ('struct' in value) {
    const fields = Object.keys(value.struct[0] ?? {});
    const names = Buffer.alloc(32 * fields.length);
    for (const [i, field] of fields.entries()) names.write(field, 32 * i);
    const values = value.struct.flatMap((item) => fields.map((field) => matrix('', item[field] as MatInput)));
    return array(STRUCT, value.struct.length, element(5, bytes(Int32Array.of(32))), element(1, names), ...values);
  }
  return array(DOUBLE, value.length, numbers(value));
}

/** A file with these variables; each is compressed, as since version 7, unless that is not wanted. */
export function matOf(variables: Readonly<Record<string, MatInput>>, { compressed = true } = {}): Uint8Array {
  const header = Buffer.alloc(128, ' ');
  header.write('MATLAB 5.0 MAT-file, Platform: GLNXA64');
  header.set([0, 1, 0x49, 0x4d], 124);
  const elements = Object.entries(variables).map(([name, value]) => {
    const plain = matrix(name, value);
    if (!compressed) return plain;
    const packed = deflateSync(plain);
    const head = Buffer.alloc(8);
    head.writeUInt32LE(15, 0);
    head.writeUInt32LE(packed.length, 4);
    return Buffer.concat([head, packed]);
  });
  return new Uint8Array(Buffer.concat([header, ...elements]));
}
