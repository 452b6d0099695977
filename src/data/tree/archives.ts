import { kindOf, TELLING_BYTES } from '../../file_kind.ts';
import type { ByteSource } from '../../weights/source.ts';
import { tarTree } from './tar_tree.ts';
import { type FileTree, sortedFiles, type TreeFile } from './tree.ts';
import { zipTree } from './zip_tree.ts';

/** Names of archives that are looked into. */
const ARCHIVE = /\.(tar|tgz|tar\.gz|zip)$/i;
const COMPRESSED_TAR = /\.(tgz|tar\.gz)$/i;
/** Archives in archives are opened, as Caltech-101 needs, but no deeper. */
const DEEPEST = 2;

/**
 * The files of an archive: ZIP, tar, or tar compressed by gzip, as its content says.
 * @param stamp changes when the archive does.
 * Throws one sentence that names it when it is none of these, or is damaged.
 */
export async function archiveTree(source: ByteSource, stamp: string): Promise<FileTree> {
  const { name } = source;
  const start = await source.read(0, Math.min(source.size, TELLING_BYTES));
  const text = String.fromCharCode(...start.subarray(0, 262));
  if (text.startsWith('PK')) return zipTree(source, stamp);
  if (text.startsWith('\x1f\x8b') && COMPRESSED_TAR.test(name)) return tarTree(source, stamp, true);
  // Old archives have no mark.
  if (text.startsWith('ustar', 257) || (/\.tar$/i.test(name) && kindOf(start) === undefined))
    return tarTree(source, stamp, false);
  const kind = kindOf(start);
  throw new Error(
    `${name} is not an archive that can be read (.zip, .tar, .tar.gz, .tgz)${kind ? `: it is ${kind.what}; ${kind.remedy}` : ''}.`,
  );
}

/** Whether a file is an archive by its name. */
export const isArchive = (path: string): boolean => ARCHIVE.test(path);

/** Whether archives lie in a tree. */
export const hasArchives = ({ files }: FileTree): boolean => [...files.keys()].some(isArchive);

/**
 * A tree and what is in its archives, as if each had been unpacked where it lies. A file that is there already is not
 * replaced by an archive's. Closing it closes the tree.
 */
export async function withArchives(tree: FileTree, depth = 1): Promise<FileTree> {
  const opened: { at: string; tree: FileTree }[] = [];
  const sources: ByteSource[] = [];
  for (const path of tree.files.keys()) {
    if (!isArchive(path)) continue;
    const source = await tree.open(path);
    sources.push(source);
    const archive = await archiveTree(source, `${tree.stampOf(path)}/${source.size}`);
    const inner = depth < DEEPEST && hasArchives(archive) ? await withArchives(archive, depth + 1) : archive;
    opened.push({ at: path.slice(0, path.lastIndexOf('/') + 1), tree: inner });
  }
  /** Where each path is: in which tree, and under which path there. */
  const places = new Map<string, { tree: FileTree; path: string }>();
  const files: TreeFile[] = [];
  for (const part of [{ at: '', tree }, ...opened])
    for (const { path, size } of part.tree.files.values()) {
      const full = part.at + path;
      if (places.has(full) || (isArchive(path) && part.tree === tree)) continue;
      places.set(full, { tree: part.tree, path });
      files.push({ path: full, size });
    }
  const placeOf = (path: string) => {
    const place = places.get(path);
    if (!place) throw new Error(`${tree.name} has no file ${path}.`);
    return place;
  };
  return {
    name: tree.name,
    files: sortedFiles(files),
    notes: [tree, ...opened.map((part) => part.tree)].flatMap(({ notes }) => notes),
    stampOf: (path) => {
      const place = placeOf(path);
      return place.tree.stampOf(place.path);
    },
    read: async (path) => {
      const place = placeOf(path);
      return place.tree.read(place.path);
    },
    async *readEach(paths) {
      const wanted = new Map<FileTree, Map<string, string>>();
      for (const path of paths) {
        const place = placeOf(path);
        const inTree = wanted.get(place.tree) ?? new Map<string, string>();
        wanted.set(place.tree, inTree.set(place.path, path));
      }
      for (const [part, paths] of wanted)
        for await (const [path, bytes] of part.readEach(paths.keys())) yield [paths.get(path) as string, bytes];
    },
    open: async (path) => {
      const place = placeOf(path);
      return place.tree.open(place.path);
    },
    async close() {
      for (const part of opened) await part.tree.close();
      await tree.close();
    },
  };
}
