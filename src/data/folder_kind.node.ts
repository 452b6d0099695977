// What a folder holds in place of IDX files, for the sentence that refuses it.
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileKind, kindOf, TELLING_BYTES } from '../file_kind.ts';
import { explained } from '../files.node.ts';

/** What a file is by its beginning. Throws in one sentence where it cannot be read. */
export async function kindOfFile(path: string): Promise<FileKind | undefined> {
  const bytes = await explained(`${path} cannot be read`, async () => {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(TELLING_BYTES), 0, TELLING_BYTES);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  });
  return kindOf(bytes);
}

/** Files that are looked into, in each folder: data sets may have many, and the first ones tell. */
const LOOKED_INTO = 8;

/**
 * What a folder holds that is known, with what to do, as the end of a sentence; undefined where nothing is.
 * @param wanted the name of a file that would have been right, also without its ending.
 */
export async function contentOf(folder: string, wanted: string): Promise<string | undefined> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const below = await readdir(join(folder, name)).catch(() => []);
    if (below.some((file) => file.startsWith(wanted)))
      return `its folder ${name} has one, so give ${join(folder, name)}`;
  }
  for (const path of await firstFiles(folder)) {
    const kind = await kindOfFile(join(folder, path));
    if (kind?.isImage)
      return `it holds images (${path}), which cannot be read as they are yet; write them to four IDX files`;
    if (kind?.isArchive) return `it holds ${kind.what} (${path}): ${kind.remedy} first`;
  }
  return undefined;
}

/** Some files of a folder and of those right below it, where folders of images have them. */
async function firstFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = (of: typeof entries) => of.filter((entry) => entry.isFile()).map(({ name }) => name);
  const below = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .slice(0, LOOKED_INTO)
      .map(async ({ name }) =>
        files(await readdir(join(folder, name), { withFileTypes: true }).catch(() => []))
          .slice(0, LOOKED_INTO)
          .map((file) => join(name, file)),
      ),
  );
  return [...files(entries).slice(0, LOOKED_INTO), ...below.flat()];
}
