import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, makeFolder, writeWhole } from '../../files.node.ts';
import { cacheFolder, type TextStore } from './store.ts';

/** Files in the user's cache folder, or in the one that COIN_CACHE names. */
export function fileStore(folder = cacheFolder((name) => process.env[name])): TextStore {
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
