/** A file's bytes, read in pieces: a file on disk, a `File` of a page, or memory. */
export interface ByteSource {
  /** For errors. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** The bytes from `from`, `length` of them, all within the file. */
  read(from: number, length: number): Promise<Uint8Array>;
}

/** Bytes in memory. What is read are views of them. */
export const bytesSource = (bytes: Uint8Array, name: string): ByteSource => ({
  name,
  size: bytes.length,
  read: async (from, length) => bytes.subarray(from, from + length),
});

/** A `File` or `Blob`, of which only the slices that are asked for are loaded. */
export const blobSource = (blob: Blob, name: string): ByteSource => ({
  name,
  size: blob.size,
  read: async (from, length) => new Uint8Array(await blob.slice(from, from + length).arrayBuffer()),
});
