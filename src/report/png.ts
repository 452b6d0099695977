// A picture as PNG (ISO/IEC 15948), compressed by what every runtime has.
import { deflate, joined } from '../bytes.ts';

/**
 * @param pixels bytes (height, width, channels), row-major.
 * @param channels 1 for grey, 3 for red, green and blue.
 */
export async function encodePng(
  pixels: Uint8Array,
  { width, height, channels }: { width: number; height: number; channels: 1 | 3 },
): Promise<Uint8Array<ArrayBuffer>> {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8);
  header.setUint8(9, channels === 1 ? 0 : 2);
  // Each row begins with how it is filtered: not at all.
  const row = width * channels;
  const rows = new Uint8Array(height * (row + 1));
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  return joined([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', new Uint8Array(header.buffer)),
    chunk('IDAT', await deflate(rows, 'deflate')),
    chunk('IEND', new Uint8Array()),
  ]);
}

function chunk(name: string, data: Uint8Array): Uint8Array {
  const body = joined([new TextEncoder().encode(name), data]);
  const number = (value: number) => {
    const bytes = new DataView(new ArrayBuffer(4));
    bytes.setUint32(0, value);
    return new Uint8Array(bytes.buffer);
  };
  return joined([number(data.length), body, number(crc32(body))]);
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
