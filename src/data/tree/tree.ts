// Files by name, wherever they are: in a folder or in an archive. Data sets are recognised and read through this alone.
import type { ByteSource } from '../../weights/source.ts';

export interface TreeFile {
  /** Below the tree's root, with slashes. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
}

export interface FileTree {
  /** Where it is, for errors. */
  readonly name: string;
  /** By path, sorted by code points. Hidden files and what systems leave behind (`__MACOSX`, `Thumbs.db`) are left out. */
  readonly files: ReadonlyMap<string, TreeFile>;
  /** What was left out and why, in sentences for people. */
  readonly notes: readonly string[];
  /** Changes whenever the content of a file may have: with path and size it tells versions of a file apart. */
  stampOf(path: string): string;
  /** Throws in one sentence that names the file when it cannot be read. */
  read(path: string): Promise<Uint8Array>;
  /**
   * Files with their bytes, each once, in the order that costs least: an archive that can only be read from its beginning
   * is read once. What cannot be read is given as the error that says so.
   */
  readEach(paths: Iterable<string>): AsyncIterable<readonly [path: string, bytes: Uint8Array | Error]>;
  /** A file's bytes in pieces. */
  open(path: string): Promise<ByteSource>;
  close(): Promise<void>;
}

/** No file of a data set is larger than what the largest record files have; images are far smaller. */
export const LARGEST_FILE = 2 ** 29;
/** As many files as no data set for one machine has; each costs memory. */
export const MOST_FILES = 2 ** 22;
/** Archives of images unpack to about their own size, and such of drawings to 20 times that. */
const LARGEST_RATIO = 200;
const ALWAYS_PERMITTED = 2 ** 24;

/** Throws when an archive of `packed` bytes holds so much that it was made to fill memory or disks. */
export function checkRatio(name: string, packed: number, unpacked: number): void {
  if (unpacked > ALWAYS_PERMITTED + LARGEST_RATIO * packed)
    throw new Error(
      `${name} unpacks to more than ${LARGEST_RATIO} times its size, which no images do; it is damaged or made to fill memory.`,
    );
}

/** Throws when a file is larger than what is read at once, or there are too many. */
export function checkFile(name: string, { path, size }: TreeFile, count: number): void {
  if (size > LARGEST_FILE)
    throw new Error(`${name} has the file ${path} of ${size} bytes, and at most ${LARGEST_FILE} are read.`);
  if (count > MOST_FILES) throw new Error(`${name} has more than ${MOST_FILES} files, which are not read.`);
}

/**
 * The path of an archive's entry as a tree has it, or undefined for what is no file of the data set.
 * Throws when it would lead out of the archive.
 */
export function entryPath(archive: string, entry: string): string | undefined {
  const parts = entry.replaceAll('\\', '/').split('/');
  if (parts.includes('..') || parts[0] === '' || /^[a-z]:$/i.test(parts[0] as string))
    throw new Error(`${archive} has the entry "${entry}", which leads out of the archive; nothing of it is read.`);
  const kept = parts.filter((part) => part !== '' && part !== '.');
  return parts.at(-1) === '' || kept.some(isLeftBehind) ? undefined : kept.join('/');
}

/** Whether a name is that of a hidden file or of what systems leave in folders and archives. */
export const isLeftBehind = (name: string): boolean => name.startsWith('.') || LEFT_BEHIND.has(name);
const LEFT_BEHIND = new Set(['__MACOSX', 'Thumbs.db', 'desktop.ini', '@eaDir']);

/** Compares by code points, as Python sorts names; UTF-16 has those above U+FFFF in another place. */
export function byCodePoint(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  const at = left.findIndex((letter, i) => letter !== right[i]);
  if (at < 0) return left.length - right.length;
  return (left[at]?.codePointAt(0) as number) - (right[at]?.codePointAt(0) ?? -1);
}

/** Files by their paths, sorted. */
export const sortedFiles = (files: readonly TreeFile[]): Map<string, TreeFile> =>
  new Map([...files].sort((a, b) => byCodePoint(a.path, b.path)).map((file) => [file.path, file]));

/** The path of a file that is in the tree; throws where it is not. */
export function fileOf({ name, files }: Pick<FileTree, 'name' | 'files'>, path: string): TreeFile {
  const file = files.get(path);
  if (!file) throw new Error(`${name} has no file ${path}.`);
  return file;
}
