import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeOf, explained } from '../files.node.ts';
import type { Splits } from './dataset.ts';
import { FASHION_MNIST_CLASSES, IDX_FILES, type NamedBytes, readIdxSplits } from './fashion_mnist.ts';
import { contentOf, kindOfFile } from './folder_kind.node.ts';

const EMBEDDED = join('data', 'fashion-mnist-subset');

/** The folder of the images that come with this package: a part of Fashion-MNIST. */
export function embeddedFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, EMBEDDED))) {
    if (dirname(folder) === folder)
      throw new Error(
        `The images of ${EMBEDDED} come with the sources, not with the package: name another folder (--data).`,
      );
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
    if (!file) {
      const content = found.some((other) => IDX_NAME.test(other)) ? undefined : await contentOf(path, name);
      throw new Error(`${path} has no file ${name} or ${name}.gz${content === undefined ? '' : `; ${content}`}.`);
    }
    return { name: join(path, file), bytes: await readBytes(join(path, file)) };
  };
  const { train, test } = IDX_FILES;
  const files = {
    train: { images: await read(train.images), labels: await read(train.labels) },
    test: { images: await read(test.images), labels: await read(test.labels) },
  };
  return readIdxSplits(basename(path), files, await classNames(path, found));
}

/** The names of IDX files say their dimensions and element type. */
const IDX_NAME = /idx\d-ubyte/;

const IN_FOLDER = 'give a folder with four IDX files';

async function list(path: string): Promise<string[]> {
  const found = await explained(`The data folder ${path} cannot be read`, () =>
    readdir(path).catch(async (error) => {
      if (codeOf(error) !== 'ENOTDIR' || !existsSync(path)) throw error;
      const kind = await kindOfFile(path);
      throw new Error(`it is a file${kind ? ` (${kind.what})` : ''}; ${kind?.isArchive ? kind.remedy : IN_FOLDER}`);
    }),
  );
  if (found.length === 0)
    throw new Error(
      `The data folder ${path} is empty; it must hold ${IDX_FILES.train.images}[.gz] and its three companions.`,
    );
  return found;
}

const readBytes = async (file: string): Promise<Uint8Array> =>
  new Uint8Array(await explained(`${file} cannot be read`, () => readFile(file)));

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
