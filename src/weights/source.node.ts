import { type FileHandle, open } from 'node:fs/promises';
import type { ByteSource } from './source.ts';

/** A file on disk, open until `close`. Throws the file system's errors. */
export async function fileSource(path: string): Promise<ByteSource & { close(): Promise<void> }> {
  const file: FileHandle = await open(path);
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) throw Object.assign(new Error(`${path} is a folder`), { code: 'EISDIR' });
    return {
      name: path,
      size: stats.size,
      close: () => file.close(),
      async read(from, length) {
        const bytes = new Uint8Array(length);
        let read = 0;
        // A read of the system may return less than what it was asked for, and nothing at the end.
        while (read < length) {
          const { bytesRead } = await file.read(bytes, read, length - read, from + read);
          if (bytesRead === 0) return bytes.subarray(0, read);
          read += bytesRead;
        }
        return bytes;
      },
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}
