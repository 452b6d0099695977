import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { codeOf, makeFolder, writeWhole } from '../../files.node.ts';
import { cacheFolder, type TextStore } from './store.ts';

/** The folder for the files of this package: the one that COIN_CACHE names, or one below the user's caches. */
export const userCache = (): string =>
  resolve(cacheFolder((name) => process.env[name] || (name === 'HOME' ? homedir() : undefined)));

/** Files in the user's cache folder, or in another one. */
export function fileStore(folder = userCache()): TextStore {
  const place = (name: string) => join(folder, name);
  return {
    place,
    async read(name) {
      try {
        return await readFile(place(name), 'utf8');
      } catch (cause) {
        if (codeOf(cause) === 'ENOENT') return undefined;
        throw new Error('cannot be read', { cause });
      }
    },
    async write(name, text) {
      try {
        await makeFolder(folder);
        await writeWhole(place(name), text);
      } catch (cause) {
        throw new Error('cannot be written', { cause });
      }
    },
  };
}
