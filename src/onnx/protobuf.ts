// Messages of Protocol Buffers as bytes, as far as ONNX needs them: https://protobuf.dev/programming-guides/encoding/

/** A field of a message, encoded. */
export type Field = readonly Uint8Array[];

const VARINT = 0;
const LENGTH = 2;
const FIXED32 = 5;

/** A whole number, base 128 with the lowest digit first; negative ones in two's complement of 64 bits. */
function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...bytes, Number(rest)]);
}

const key = (number: number, type: number): Uint8Array => varint(number * 8 + type);

const utf8 = new TextEncoder();

/** An integer, an enumeration or a boolean. */
export const int = (number: number, value: number): Field => [key(number, VARINT), varint(value)];

/** Integers, one field each. */
export const ints = (number: number, values: readonly number[]): Field => values.flatMap((value) => int(number, value));

/** A number of 32 bits. */
export function float(number: number, value: number): Field {
  return [key(number, FIXED32), new Uint8Array(Float32Array.of(value).buffer)];
}

/** Bytes or a text. */
export function bytes(number: number, value: Uint8Array | string): Field {
  const content = typeof value === 'string' ? utf8.encode(value) : value;
  return [key(number, LENGTH), varint(content.length), content];
}

/** A message within another. */
export function message(number: number, ...fields: readonly Field[]): Field {
  const pieces = fields.flat();
  return [key(number, LENGTH), varint(pieces.reduce((sum, { length }) => sum + length, 0)), ...pieces];
}
