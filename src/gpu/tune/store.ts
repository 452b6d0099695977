/** Small texts by name that outlive the program. Errors end a sentence that begins with `place`. */
export interface TextStore {
  read(name: string): Promise<string | undefined>;
  write(name: string, text: string): Promise<void>;
  /** Where a text is kept, for people. */
  place(name: string): string;
}

/** The folder for the files of this package below a user's caches. */
export function cacheFolder(variable: (name: string) => string | undefined): string {
  const caches = variable('XDG_CACHE_HOME') || `${variable('HOME') || '.'}/.cache`;
  return variable('COIN_CACHE') || `${caches}/coin-webgpu`;
}

interface DenoRuntime {
  readonly env: { get(name: string): string | undefined };
  readTextFile(path: string): Promise<string>;
  writeTextFile(path: string, text: string): Promise<void>;
  mkdir(path: string, options: { recursive: boolean }): Promise<void>;
  readonly errors: { readonly NotFound: new () => Error };
}

/** What the runtime offers: files in Deno, IndexedDB in a browser. Throws in one sentence where there is neither. */
export function runtimeStore(): TextStore {
  const { Deno: deno } = globalThis as { Deno?: DenoRuntime };
  if (deno) return denoStore(deno);
  if (globalThis.indexedDB) return databaseStore(globalThis.indexedDB);
  throw new Error('This runtime has no place to remember measurements.');
}

function denoStore(deno: DenoRuntime): TextStore {
  const folder = cacheFolder((name) => deno.env.get(name));
  const place = (name: string) => `${folder}/${name}`;
  return {
    place,
    async read(name) {
      try {
        return await deno.readTextFile(place(name));
      } catch (error) {
        if (error instanceof deno.errors.NotFound) return undefined;
        throw new Error('cannot be read', { cause: error });
      }
    },
    async write(name, text) {
      try {
        await deno.mkdir(folder, { recursive: true });
        await deno.writeTextFile(place(name), text);
      } catch (cause) {
        throw new Error('cannot be written', { cause });
      }
    },
  };
}

const DATABASE = 'coin-webgpu';
const TEXTS = 'texts';

function databaseStore(factory: IDBFactory): TextStore {
  /** One transaction on the store of texts. */
  const transact = async <T>(mode: IDBTransactionMode, act: (texts: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    const opening = factory.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(TEXTS);
    const database = await settled(opening);
    try {
      return await settled(act(database.transaction(TEXTS, mode).objectStore(TEXTS)));
    } finally {
      database.close();
    }
  };
  return {
    place: (name) => `${name} in the database ${DATABASE}`,
    read: (name) => transact('readonly', (texts) => texts.get(name) as IDBRequest<string | undefined>),
    async write(name, text) {
      await transact('readwrite', (texts) => texts.put(text, name));
    },
  };
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error('cannot be used', { cause: request.error }));
  });
