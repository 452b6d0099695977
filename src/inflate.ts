/**
 * What was compressed to these bytes: by gzip, or as zlib does ("deflate").
 * Throws when they are damaged or truncated, and when there would be more than `most` bytes, of which no more are held.
 */
export async function inflate(bytes: Uint8Array, format: 'gzip' | 'deflate', most: number): Promise<Uint8Array> {
  const unpacked = new Blob([bytes as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream(format))
    .getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await unpacked.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
    if (length > most) {
      await unpacked.cancel();
      throw new Error(`more than ${most} bytes`);
    }
  }
  const result = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    result.set(chunk, at);
    at += chunk.length;
  }
  return result;
}
