import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Splits } from './dataset.ts';
import { FASHION_MNIST_CLASSES, IDX_FILES, type NamedBytes, readIdxSplits } from './fashion_mnist.ts';

const EMBEDDED = join('data', 'fashion-mnist-subset');

/** The folder of the images that come with this package: a part of Fashion-MNIST. */
export function embeddedFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, EMBEDDED))) {
    if (dirname(folder) === folder)
      throw new Error(`The package is incomplete: its folder ${EMBEDDED} is missing; install it again.`);
    folder = dirname(folder);
  }
  return join(folder, EMBEDDED);
}

/**
 * Loads a data set from a folder with four IDX files under their usual names (train-images-idx3-ubyte[.gz] and so on).
 * Class names come from a file `classes.txt`, one a line; without it a folder whose name contains "fashion" has
 * Fashion-MNIST's names, and any other the labels' numbers.
 * Throws one sentence that names the folder or file when something is missing or wrong.
 */
export async function loadDataset(folder: string): Promise<Splits> {
  const path = resolve(folder);
  const found = await list(path);
  const read = async (name: string): Promise<NamedBytes> => {
    const file = [name, `${name}.gz`].find((candidate) => found.includes(candidate));
    if (!file) throw new Error(`${path} has no file ${name} or ${name}.gz.`);
    return { name: join(path, file), bytes: await readBytes(join(path, file)) };
  };
  const { train, test } = IDX_FILES;
  const files = {
    train: { images: await read(train.images), labels: await read(train.labels) },
    test: { images: await read(test.images), labels: await read(test.labels) },
  };
  return readIdxSplits(basename(path), files, await classNames(path, found));
}

async function list(path: string): Promise<string[]> {
  let found: string[];
  try {
    found = await readdir(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why =
      { ENOENT: 'does not exist', ENOTDIR: 'is a file, not a folder' }[code ?? ''] ?? `cannot be read (${code})`;
    throw new Error(`The data folder ${path} ${why}.`, { cause });
  }
  if (found.length === 0)
    throw new Error(
      `The data folder ${path} is empty; it must hold ${IDX_FILES.train.images}[.gz] and its three companions.`,
    );
  return found;
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (cause) {
    throw new Error(`${file} cannot be read (${(cause as NodeJS.ErrnoException).code}).`, { cause });
  }
}

async function classNames(path: string, found: readonly string[]): Promise<readonly string[] | undefined> {
  if (found.includes('classes.txt')) {
    const text = new TextDecoder().decode(await readBytes(join(path, 'classes.txt')));
    return text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '');
  }
  return /fashion/i.test(basename(path)) ? FASHION_MNIST_CLASSES : undefined;
}
