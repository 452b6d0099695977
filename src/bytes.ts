// Bytes put together, packed and unpacked.

/** The parts one after another. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The bytes compressed as zlib does ("deflate"), or without its header and checksum ("deflate-raw"). */
export async function deflate(
  bytes: Uint8Array<ArrayBuffer>,
  format: 'deflate' | 'deflate-raw',
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * What was compressed to these bytes: by gzip, or as `deflate` does.
 * Throws when they are damaged or truncated, and when there would be more than `most` bytes, of which no more are held.
 */
export async function inflate(bytes: Uint8Array, format: CompressionFormat, most: number): Promise<Uint8Array> {
  const unpacked = new Blob([bytes as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream(format))
    .getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await unpacked.read();
    if (done) return joined(chunks);
    chunks.push(value);
    length += value.length;
    if (length > most) {
      await unpacked.cancel();
      throw new Error(`more than ${most} bytes`);
    }
  }
}
