import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { codeOf, explained } from '../../files.node.ts';
import { fileSource } from '../../weights/source.node.ts';
import { archiveTree } from './archives.ts';
import { checkFile, type FileTree, fileOf, isLeftBehind, sortedFiles, type TreeFile } from './tree.ts';

/**
 * The files of a folder or of an archive.
 * Throws one sentence that names it when it cannot be read.
 */
export async function openTree(path: string): Promise<FileTree> {
  const place = resolve(path);
  const stats = await explained(`The data ${place} cannot be read`, () => stat(place));
  if (stats.isDirectory()) return folderTree(place);
  const source = await explained(`The data ${place} cannot be read`, () => fileSource(place));
  try {
    const tree = await archiveTree(source, `${stats.mtimeMs}/${stats.size}`);
    return { ...tree, close: () => source.close() };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** The files of a folder and of those below it. Links are followed, but not in a circle. */
async function folderTree(root: string): Promise<FileTree> {
  const found: TreeFile[] = [];
  const stamps = new Map<string, string>();
  const notes: string[] = [];
  /** @param above the real paths of the folders that lead here. */
  const walk = async (folder: string, above: readonly string[]): Promise<void> => {
    const place = join(root, folder);
    const real = await realpath(place);
    if (above.includes(real)) {
      notes.push(`${place} is a link to a folder that it lies in, and is left out.`);
      return;
    }
    const entries = await explained(`The folder ${place} cannot be read`, () =>
      readdir(place, { withFileTypes: true }),
    );
    for (const { name } of entries) {
      if (isLeftBehind(name)) continue;
      const path = folder === '' ? name : `${folder}/${name}`;
      const stats = await stat(join(root, path)).catch((error) => {
        // A link to nothing, or one of a circle: it is no file of the data set.
        if (!['ENOENT', 'ELOOP'].includes(codeOf(error))) throw error;
        notes.push(`${join(root, path)} is a link that leads nowhere, and is left out.`);
      });
      if (stats?.isDirectory()) await walk(path, [...above, real]);
      if (!stats?.isFile()) continue;
      const file = { path, size: stats.size };
      checkFile(root, { path, size: 0 }, found.length);
      found.push(file);
      stamps.set(path, `${stats.mtimeMs}`);
    }
  };
  await walk('', []);
  const files = sortedFiles(found);
  const opened: { close(): Promise<void> }[] = [];
  const read = async (path: string): Promise<Uint8Array> => {
    const file = fileOf({ name: root, files }, path);
    checkFile(root, file, 0);
    return new Uint8Array(await explained(`${join(root, path)} cannot be read`, () => readFile(join(root, path))));
  };
  return {
    name: root,
    files,
    notes,
    stampOf: (path) => stamps.get(path) ?? '',
    read,
    async *readEach(paths) {
      for (const path of paths) yield [path, await read(path).catch((error: Error) => error)];
    },
    async open(path) {
      const source = await explained(`${join(root, path)} cannot be read`, () => fileSource(join(root, path)));
      opened.push(source);
      return source;
    },
    async close() {
      for (const source of opened.splice(0)) await source.close();
    },
  };
}
