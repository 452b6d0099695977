import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CaseFile, casesIn, casesOf } from '../conformance/conform.ts';
import type { RunOptions } from '../conformance/op_cases.ts';

/** The help of an option that conformance and gradcheck have. */
export const ALL_TILINGS =
  'run every case with every tiling of every candidate; else the cases take turns with the tilings';

/** What a command line says about how cases are run. */
export interface CaseOptions {
  readonly tilings?: true;
}

export const runOptions = ({ tilings }: CaseOptions): RunOptions => ({ tilings: tilings ? 'all' : 'turns' });

/**
 * The golden cases of the given ops in the given folders: all ops where none is given, and where no folder is, test/golden with
 * its folders. Throws where a word is neither a folder nor an op that has a case.
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
  const all = await listCases(folders.length > 0 ? folders : await foldersIn('test/golden'));
  return casesOf(
    all,
    words.filter((_, i) => !isFolder[i]),
  );
}

/** The folder and those in it. */
export async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  return [folder, ...below.sort()];
}

/** The golden cases in the given folders, by name. Throws when a folder is missing or has none. */
export async function listCases(folders: readonly string[]): Promise<CaseFile[]> {
  const lists = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(folder).catch(() => {
        throw new Error(`${folder} is no folder that can be read; give folders with golden cases (*.safetensors).`);
      });
      const read = async (name: string) => new Uint8Array(await readFile(join(folder, name)));
      const cases = casesIn({ names: names.sort(), read });
      if (cases.length === 0) throw new Error(`${folder} has no golden case (*.safetensors).`);
      return cases;
    }),
  );
  return lists.flat();
}
