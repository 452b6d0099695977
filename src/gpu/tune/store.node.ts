import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw new Error('cannot be read', { cause });
      }
    },
    async write(name, text) {
      // Renamed, so that another program never reads half of it.
      const part = `${place(name)}.${process.pid}`;
      try {
        await mkdir(folder, { recursive: true });
        await writeFile(part, text);
        await rename(part, place(name));
      } catch (cause) {
        throw new Error('cannot be written', { cause });
      }
    },
  };
}
