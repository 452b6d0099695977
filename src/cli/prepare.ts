import { readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { counted } from '../data/formats/format.ts';
import { openDataset, type SplitSource } from '../data/load.node.ts';
import type { FileTree } from '../data/tree/tree.ts';
import { explained, makeFolder } from '../files.node.ts';
import { encodePng } from '../report/png.ts';
import { guarded } from './errors.ts';
import { tellProgress } from './load_data.ts';

interface PrepareOptions {
  readonly out: string;
  readonly skipBad?: boolean;
}

export function addPrepare(program: Command): void {
  program
    .command('prepare')
    .description('copy any known data set to a folder of class folders: train/CLASS/FILE and test/CLASS/FILE')
    .argument('<source>', 'folder or archive (.zip, .tar, .tar.gz, .tgz)')
    .requiredOption('--out <folder>', 'a new or empty folder')
    .option('--skip-bad', 'leave images out that cannot be read')
    .action(guarded(prepare));
}

async function prepare(source: string, { out, skipBad = false }: PrepareOptions): Promise<void> {
  const there = await readdir(out).catch(() => []);
  if (there.length > 0)
    throw new Error(`${out} is not empty; name a new folder, so that nothing is mixed or replaced.`);
  const { tree, format, notes, bad, classes, train, test, close } = await openDataset(source, {
    skipBad,
    onProgress: tellProgress(),
  });
  try {
    const folders = foldersOf(classes);
    for (const [name, split] of [
      ['train', train],
      ['test', test],
    ] as const)
      await (split.paths
        ? copyFiles(tree, split, folders, join(out, name))
        : writePixels(split, folders, join(out, name)));
    for (const note of notes) console.error(note);
    console.log(
      `${out}: ${format}; ${counted(classes.length, 'class', 'classes')}, ${counted(train.labels.length, 'image')} to train on, ${counted(test.labels.length, 'image')} to test${bad.length > 0 ? `; ${counted(bad.length, 'image')} that cannot be read left out` : ''}`,
    );
  } finally {
    await close();
  }
}

/** Folders named like the classes, but for what no file system takes. Throws when two classes would share one. */
function foldersOf(classes: readonly string[]): string[] {
  const folders = classes.map((name) => name.replace(/[/\\:*?"<>|\0]/g, '_').replace(/^\.+/, '_'));
  const twice = folders.findIndex((folder, i) => folders.indexOf(folder) < i);
  if (twice >= 0)
    throw new Error(
      `The class "${classes[twice]}" would share the folder ${folders[twice]} with another; rename one of them.`,
    );
  return folders;
}

/** Writes a file into a class's folder. */
async function write(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  await explained(`${join(folder, name)} cannot be written`, async () => {
    await makeFolder(folder);
    await writeFile(join(folder, name), bytes, { flag: 'wx' });
  });
}

async function copyFiles(tree: FileTree, { paths = [], labels }: SplitSource, folders: readonly string[], out: string) {
  const taken = new Set<string>();
  const places = new Map<string, { folder: string; name: string }>();
  for (const [i, path] of paths.entries()) {
    const folder = join(out, folders[labels[i] as number] as string);
    // Files of several folders below a class's may have one name.
    const name = taken.has(join(folder, basename(path))) ? path.replaceAll('/', '_') : basename(path);
    if (taken.has(join(folder, name)))
      throw new Error(`${tree.name} has two files for ${join(folder, name)}; rename ${path}.`);
    taken.add(join(folder, name));
    places.set(path, { folder, name });
  }
  for await (const [path, bytes] of tree.readEach(paths)) {
    if (bytes instanceof Error) throw bytes;
    const { folder, name } = places.get(path) as { folder: string; name: string };
    await write(folder, name, bytes);
  }
}

async function writePixels(split: SplitSource, folders: readonly string[], out: string): Promise<void> {
  const channels = split.channels === 3 ? 3 : 1;
  for (const [i, label] of split.labels.entries()) {
    const [height, width] = split.sizes.subarray(2 * i, 2 * i + 2) as unknown as [number, number];
    const png = await encodePng(await split.read([i]), { width, height, channels });
    await write(join(out, folders[label] as string), `${String(i + 1).padStart(5, '0')}.png`, png);
  }
}
