// Archives and folders of a few files, as tests need them, malformed ones included.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { packTar, type TarEntry } from 'modern-tar';

export type Files = Readonly<Record<string, Uint8Array | string>>;

const bytesOf = (content: Uint8Array | string): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

/** Writes files below a folder, and returns it. */
export function writeFolder(folder: string, files: Files): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

export const tarOf = (files: Files, more: readonly TarEntry[] = []): Promise<Uint8Array> =>
  packTar([
    ...Object.entries(files).map(([name, content]) => {
      const body = bytesOf(content);
      return { header: { name, size: body.length, type: 'file' as const }, body };
    }),
    ...more,
  ]);

export const tgzOf = async (files: Files, more: readonly TarEntry[] = []): Promise<Uint8Array> =>
  new Uint8Array(gzipSync(await tarOf(files, more)));

export interface ZipOptions {
  /** Entries whose method is to store. */
  readonly stored?: boolean;
  /** What the directory says of an entry's uncompressed size. */
  readonly claimed?: number;
  /** The mode of a Unix file. */
  readonly mode?: number;
  readonly method?: number;
  readonly crc?: number;
}

/** A ZIP archive as https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT has it, deflated unless said otherwise. */
export function zipOf(files: Files, options: ZipOptions = {}): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  const record = (size: number, fields: readonly (readonly [at: number, width: 2 | 4, value: number])[]) => {
    const view = new DataView(new ArrayBuffer(size));
    for (const [at, width, value] of fields)
      if (width === 2) view.setUint16(at, value, true);
      else view.setUint32(at, value, true);
    return new Uint8Array(view.buffer);
  };
  for (const [path, content] of Object.entries(files)) {
    const name = new TextEncoder().encode(path);
    const bytes = bytesOf(content);
    const data = options.stored ? bytes : new Uint8Array(deflateRawSync(bytes));
    const method = options.method ?? (options.stored ? 0 : 8);
    const [crc, size] = [options.crc ?? crc32(bytes), options.claimed ?? bytes.length];
    const local = record(30, [
      [0, 4, 0x04034b50],
      [8, 2, method],
      [14, 4, crc],
      [18, 4, data.length],
      [22, 4, size],
      [26, 2, name.length],
    ]);
    directory.push(
      record(46, [
        [0, 4, 0x02014b50],
        [10, 2, method],
        [16, 4, crc],
        [20, 4, data.length],
        [24, 4, size],
        [28, 2, name.length],
        [38, 4, (options.mode ?? 0o100644) * 2 ** 16],
        [42, 4, offset],
      ]),
      name,
    );
    parts.push(local, name, data);
    offset += local.length + name.length + data.length;
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  const count = Object.keys(files).length;
  const end = record(22, [
    [0, 4, 0x06054b50],
    [8, 2, count],
    [10, 2, count],
    [12, 4, length],
    [16, 4, offset],
  ]);
  return new Uint8Array(Buffer.concat([...parts, ...directory, end]));
}
