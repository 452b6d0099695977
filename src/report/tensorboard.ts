// TensorBoard's event files: records of TFRecord, each an Event of protocol buffers with scalars.
// https://www.tensorflow.org/tutorials/load_data/tfrecord and tensorboard/compat/proto/event.proto describe them.

/** Scalars of one moment, by tag. */
export type Scalars = Readonly<Record<string, number>>;

/** The first record of a file. */
export const fileHeader = (seconds: number): Uint8Array => record([...time(seconds), ...text(3, 'brain.Event:2')]);

/** The record of scalars at a step; `seconds` since 1970. */
export const scalarRecord = (seconds: number, step: number, scalars: Scalars): Uint8Array =>
  record([
    ...time(seconds),
    ...whole(2, step),
    ...bytes(
      5,
      Object.entries(scalars).flatMap(([tag, value]) => bytes(1, [...text(1, tag), ...float(2, value)])),
    ),
  ]);

/** The record that a run goes on from a step: what was told of later ones is void. */
export const restartRecord = (seconds: number, step: number): Uint8Array =>
  record([...time(seconds), ...whole(2, step), ...bytes(7, whole(1, 1))]);

/** Length, its checksum, the data, their checksum. */
function record(data: readonly number[]): Uint8Array {
  const framed = new Uint8Array(data.length + 16);
  const view = new DataView(framed.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(framed.subarray(0, 8)), true);
  framed.set(data, 12);
  view.setUint32(12 + data.length, masked(framed.subarray(12, 12 + data.length)), true);
  return framed;
}

const key = (field: number, type: number): number[] => varint((field << 3) | type);
const whole = (field: number, value: number): number[] => [...key(field, 0), ...varint(value)];
const bytes = (field: number, data: readonly number[]): number[] => [...key(field, 2), ...varint(data.length), ...data];
const text = (field: number, value: string): number[] => bytes(field, [...new TextEncoder().encode(value)]);
const time = (seconds: number): number[] => [...key(1, 1), ...new Uint8Array(Float64Array.of(seconds).buffer)];
const float = (field: number, value: number): number[] => [
  ...key(field, 5),
  ...new Uint8Array(Float32Array.of(value).buffer),
];

function varint(value: number): number[] {
  const parts: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...parts, rest];
    parts.push((rest % 128) | 128);
  }
}

/** CRC-32C as TFRecord stores it: rotated by 15 bits and shifted by a constant. */
function masked(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** The CRC of Castagnoli's polynomial (RFC 3720, appendix B.4). */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
