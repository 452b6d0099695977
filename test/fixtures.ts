// Files that tests read, the same way on every runtime.

interface FileSystem {
  readFile(path: string): Promise<Uint8Array>;
}

/**
 * The bytes of a file of the repository.
 * @param path relative to the repository's root, which is the working directory in Node and Deno and the server's root
 * in browsers.
 */
export async function fixture(path: string): Promise<Uint8Array> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  if (process?.versions?.node) {
    // The name is in a variable so that bundlers for browsers leave the import alone.
    const specifier = 'node:fs/promises';
    const { readFile } = (await import(specifier)) as FileSystem;
    // A copy, because small files share one buffer in Node and tensors could not be views of it.
    return new Uint8Array(await readFile(path));
  }
  const response = await fetch(`/${path}`);
  if (!response.ok)
    throw new Error(`The fixture ${path} could not be fetched: ${response.status} ${response.statusText}.`);
  return new Uint8Array(await response.arrayBuffer());
}
