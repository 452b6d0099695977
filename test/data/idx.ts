/** An IDX file of bytes. */
export function idx(sizes: number[], data: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * sizes.length + data.length);
  bytes.set([0, 0, 8, sizes.length]);
  for (const [axis, size] of sizes.entries()) new DataView(bytes.buffer).setUint32(4 + 4 * axis, size);
  bytes.set(data, 4 + 4 * sizes.length);
  return bytes;
}
