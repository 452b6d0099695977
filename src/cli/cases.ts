import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CaseFile, casesOf } from '../conformance/conform.ts';

/** The help of an option that conformance and gradcheck have. */
export const ALL_TILINGS =
  'run every case with every tiling of every candidate; else the cases take turns with the tilings';

/**
 * The golden cases of the given ops in the given folders: all ops where none is given, and test/golden where no folder is.
 * Throws where a word is neither a folder nor an op that has a case.
 */
export async function selectCases(words: readonly string[]): Promise<CaseFile[]> {
  const isFolder = await Promise.all(
    words.map((word) =>
      stat(word).then(
        (found) => found.isDirectory(),
        () => false,
      ),
    ),
  );
  const folders = words.filter((_, i) => isFolder[i]);
  const all = await listCases(folders.length > 0 ? folders : ['test/golden']);
  return casesOf(
    all,
    words.filter((_, i) => !isFolder[i]),
  );
}

/** The golden cases in the given folders, by name. Throws when a folder is missing or has none. */
export async function listCases(folders: readonly string[]): Promise<CaseFile[]> {
  const lists = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(folder).catch(() => {
        throw new Error(`${folder} is no folder that can be read; give folders with golden cases (*.safetensors).`);
      });
      const cases = names.filter((name) => name.endsWith('.safetensors')).sort();
      if (cases.length === 0) throw new Error(`${folder} has no golden case (*.safetensors).`);
      return cases.map((name) => ({ name, read: async () => new Uint8Array(await readFile(join(folder, name))) }));
    }),
  );
  return lists.flat();
}
