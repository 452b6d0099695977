// A folder of class folders, as torchvision's ImageFolder takes it: with train/CLASS/IMAGE and test/CLASS/IMAGE (or val, valid,
// validation), or CLASS/IMAGE alone, which is then split.
import { shuffle } from '../random.ts';
import type { FileTree } from '../tree/tree.ts';
import { counted, type Example, foundFiles, type Recogniser, sortedNames } from './format.ts';

/** Names of images, those of formats that cannot be decoded too: they are named then, not left out. */
const IMAGE = /\.(jpe?g|jfif|png|gif|webp|tiff?|avif|bmp|ppm|pgm|heic)$/i;
const TRAIN = /^(train|training)$/i;
/** By preference. */
const TESTS = [/^(test|testing)$/i, /^(val|valid|validation)$/i];
/** Of each class, where there is no split. */
const TEST_SHARE = 0.2;

export const isImage = (path: string): boolean => IMAGE.test(path);

export const classFolders: Recogniser = async (tree, seed) => {
  const images = [...tree.files.keys()].filter(isImage);
  if (images.length === 0) return undefined;
  const root = trainRoot(tree, images) ?? commonFolder(images);
  const below = images.filter((path) => path.startsWith(root)).map((path) => path.slice(root.length).split('/'));
  const inSplit = (name: RegExp) => below.filter(([first = '']) => name.test(first));
  const labelled = (parts: readonly string[][]): Example[] =>
    parts
      .filter(({ length }) => length > 2)
      .map((part) => ({ path: root + part.join('/'), className: part[1] as string }));
  const train = labelled(inSplit(TRAIN));
  if (train.length === 0) {
    const all = below
      .filter(({ length }) => length > 1)
      .map((part) => ({ path: root + part.join('/'), className: part[0] as string }));
    return splitFolders(tree, all, seed, unlabelled(images.length - all.length));
  }
  const tests = TESTS.map((name) => labelled(inSplit(name)));
  const chosen = tests.findIndex(({ length }) => length > 0);
  if (chosen < 0) return splitFolders(tree, train, seed, unlabelled(images.length - train.length));
  const test = tests[chosen] as Example[];
  const idle = tests.slice(chosen + 1).flat();
  const notes = [
    ...unlabelled(images.length - train.length - test.length - idle.length),
    ...(idle.length > 0
      ? [`${counted(idle.length, 'image')} of a validation split left out, since there is a test split.`]
      : []),
  ];
  return foundFiles(tree, 'a folder of class folders', { train, test }, notes);
};

const unlabelled = (count: number): string[] =>
  count > 0 ? [`${counted(count, 'image')} in no class's folder left out.`] : [];

function splitFolders(tree: FileTree, examples: readonly Example[], seed: number, notes: readonly string[]) {
  const split = splitClasses(byClass(examples), seed, (count) => Math.max(1, Math.round(count * TEST_SHARE)));
  return foundFiles(tree, 'a folder of class folders', split, [
    ...notes,
    `There is no test split: ${100 * TEST_SHARE} % of each class (at least one image) are chosen by the seed ${seed}, and not trained on.`,
  ]);
}

/** The folder that has train/CLASS/IMAGE in it, with its slash; undefined where there is none. Throws when there are several. */
function trainRoot(tree: FileTree, images: readonly string[]): string | undefined {
  const roots = new Set<string>();
  for (const path of images) {
    const parts = path.split('/');
    const at = parts.findIndex(
      (part, i) => TRAIN.test(part) && i + 2 < parts.length && !TRAIN.test(parts[i + 1] as string),
    );
    if (at >= 0)
      roots.add(
        parts
          .slice(0, at)
          .map((part) => `${part}/`)
          .join(''),
      );
  }
  const [root, other] = sortedNames([...roots]);
  if (other !== undefined)
    throw new Error(
      `${tree.name} has training images in ${root}train and in ${other}train; give one of these folders.`,
    );
  return root;
}

/** The folder that all images are in, with its slash. */
function commonFolder(images: readonly string[]): string {
  let common = (images[0] as string).split('/').slice(0, -1);
  for (const path of images) {
    const parts = path.split('/').slice(0, -1);
    const differs = common.findIndex((part, i) => part !== parts[i]);
    if (differs >= 0) common = common.slice(0, differs);
  }
  return common.map((part) => `${part}/`).join('');
}

/** Examples by the name of their class, sorted. */
export function byClass(examples: readonly Example[]): Map<string, readonly Example[]> {
  const classes = new Map<string, Example[]>(
    sortedNames(examples.map(({ className }) => className)).map((name) => [name, []]),
  );
  for (const example of examples) classes.get(example.className)?.push(example);
  return classes;
}

/**
 * Splits each class by itself, in an order that depends on (seed, class) alone.
 * @param tested how many of a class's images are for the test; at least one is left to train on.
 */
export function splitClasses(
  classes: ReadonlyMap<string, readonly Example[]>,
  seed: number,
  tested: (count: number) => number,
): { train: Example[]; test: Example[] } {
  const [train, test]: [Example[], Example[]] = [[], []];
  for (const [label, members] of [...classes.values()].entries()) {
    const order = shuffle(members.length, seed, label);
    const count = Math.max(0, Math.min(tested(members.length), members.length - 1));
    const chosen = new Set(order.subarray(0, count));
    for (const [i, example] of members.entries()) (chosen.has(i) ? test : train).push(example);
  }
  return { train, test };
}
