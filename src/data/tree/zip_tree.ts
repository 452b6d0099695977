import { type ByteSource, bytesSource } from '../../weights/source.ts';
import { readZip, type ZipEntry } from '../../weights/zip.ts';
import { checkFile, checkRatio, entryPath, type FileTree, fileOf, sortedFiles, type TreeFile } from './tree.ts';

/**
 * The files of a ZIP archive, each of which can be read by itself.
 * @param stamp changes when the archive does.
 * Throws one sentence that names the archive when it is damaged, or made to harm.
 */
export async function zipTree(source: ByteSource, stamp: string): Promise<FileTree> {
  const { name } = source;
  const found: TreeFile[] = [];
  const entries = new Map<string, ZipEntry>();
  let links = 0;
  let unpacked = 0;
  for (const entry of (await readZip(source)).values()) {
    const path = entryPath(name, entry.name);
    if (path === undefined) continue;
    if (entry.isLink) {
      links++;
      continue;
    }
    const file = { path, size: entry.size };
    unpacked += entry.size;
    checkRatio(name, source.size, unpacked);
    checkFile(name, file, found.length);
    found.push(file);
    entries.set(path, entry);
  }
  const files = sortedFiles(found);
  const read = async (path: string) => {
    fileOf({ name, files }, path);
    return (entries.get(path) as ZipEntry).content();
  };
  return {
    name,
    files,
    notes: leftLinks(name, links),
    stampOf: () => stamp,
    read,
    async *readEach(paths) {
      for (const path of paths) yield [path, await read(path).catch((error: Error) => error)];
    },
    open: async (path) => bytesSource(await read(path), `${name}/${path}`),
    close: async () => {},
  };
}

/** What is said of links in an archive, which could lead anywhere. */
export const leftLinks = (name: string, links: number): string[] =>
  links === 0
    ? []
    : [`${name} has ${links} ${links === 1 ? 'link' : 'links'}, which ${links === 1 ? 'is' : 'are'} left out.`];
