import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { type ByteSource, bytesSource } from '../../weights/source.ts';
import { checkFile, checkRatio, entryPath, type FileTree, fileOf, sortedFiles, type TreeFile } from './tree.ts';
import { leftLinks } from './zip_tree.ts';

/** Lists and labels, which are kept when the archive is first gone through; images and records are not. */
const KEPT = /\.(txt|mat|csv|json|names|md)$/i;
const KEPT_SIZE = 2 ** 20;
const ALL_KEPT = 2 ** 26;

/** How many bytes of the archive are asked for at once. */
const PIECE = 2 ** 20;

/**
 * The files of a tar archive, plain or gzip-compressed. It can only be read from its beginning: once here for what is in
 * it, and once for each call of `read` or `readEach`, but that short lists are kept.
 * @param stamp changes when the archive does.
 * Throws one sentence that names the archive when it is damaged, or made to harm.
 */
export async function tarTree(source: ByteSource, stamp: string, isCompressed: boolean): Promise<FileTree> {
  const { name } = source;
  const found = new Map<string, TreeFile>();
  const kept = new Map<string, Uint8Array>();
  let [links, unpacked, keptBytes] = [0, 0, 0];
  for await (const { header, body } of entriesOf(source, isCompressed)) {
    const path = entryPath(name, header.name);
    const type = header.type ?? 'file';
    if (path !== undefined && (type === 'link' || type === 'symlink')) links++;
    // Of several of a name the first counts, here as when it is read.
    if (path === undefined || type !== 'file' || found.has(path)) {
      await body.cancel();
      continue;
    }
    const file = { path, size: header.size };
    unpacked += header.size;
    checkRatio(name, source.size, unpacked);
    checkFile(name, file, found.size);
    found.set(path, file);
    if (KEPT.test(path) && header.size <= KEPT_SIZE && keptBytes + header.size <= ALL_KEPT) {
      keptBytes += header.size;
      kept.set(path, await bytesOf(body, header.size));
    } else await body.cancel();
  }
  const files = sortedFiles([...found.values()]);
  async function* readEach(paths: Iterable<string>): AsyncGenerator<readonly [string, Uint8Array]> {
    const wanted = new Set<string>();
    for (const path of paths) {
      const bytes = kept.get(path);
      if (bytes) yield [path, bytes];
      else wanted.add(fileOf({ name, files }, path).path);
    }
    if (wanted.size === 0) return;
    for await (const { header, body } of entriesOf(source, isCompressed)) {
      const path = entryPath(name, header.name);
      if (path !== undefined && (header.type ?? 'file') === 'file' && wanted.delete(path))
        yield [path, await bytesOf(body, header.size)];
      else await body.cancel();
      if (wanted.size === 0) return;
    }
    throw new Error(`${name} has changed while it was read: ${[...wanted][0]} is gone.`);
  }
  const read = async (path: string) => {
    for await (const [, bytes] of readEach([path])) return bytes;
    throw new Error(`${name} has no file ${path}.`);
  };
  return {
    name,
    files,
    notes: leftLinks(name, links),
    stampOf: () => stamp,
    read,
    readEach,
    open: async (path) => bytesSource(await read(path), `${name}/${path}`),
    close: async () => {},
  };
}

/** The entries of an archive in their order; each one's body has to be read or cancelled. */
async function* entriesOf(source: ByteSource, isCompressed: boolean): AsyncGenerator<ParsedTarEntry> {
  const { name } = source;
  const tar = isCompressed
    ? streamOf(source).pipeThrough(new DecompressionStream('gzip') as TransformStream<Uint8Array, Uint8Array>)
    : streamOf(source);
  const entries = tar.pipeThrough(createTarDecoder({ strict: true })).getReader();
  try {
    for (;;) {
      const { done, value } = await entries.read();
      if (done) return;
      yield value;
    }
  } catch (cause) {
    // What the caller threw says by itself what is wrong.
    if (cause instanceof Error && cause.message.includes(name)) throw cause;
    throw new Error(
      `${name} is damaged or truncated: ${isCompressed ? 'it does not unpack' : 'it is no tar archive'}.`,
      {
        cause,
      },
    );
  } finally {
    await entries.cancel().catch(() => {});
  }
}

function streamOf(source: ByteSource): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const length = Math.min(PIECE, source.size - at);
        if (length <= 0) return controller.close();
        const bytes = await source.read(at, length);
        at += bytes.length;
        if (bytes.length < length) return controller.close();
        controller.enqueue(bytes);
      },
    },
    { highWaterMark: 1 },
  );
}

async function bytesOf(body: ReadableStream<Uint8Array>, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let at = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes.set(value, at);
    at += value.length;
  }
  if (at !== size) throw new Error(`an entry has ${at} bytes and not ${size}`);
  return bytes;
}
