import type { LabelledImages } from '../dataset.ts';
import { byCodePoint, type FileTree } from '../tree/tree.ts';

/** Images of a split: files to decode, or pixels that a format holds as they are. */
export type FoundSplit =
  | { readonly kind: 'files'; readonly paths: readonly string[]; readonly labels: Int32Array<ArrayBuffer> }
  | { readonly kind: 'pixels'; readonly images: LabelledImages };

/** A data set that was recognised in a tree. */
export interface FoundDataset {
  /** What it is: "Describable Textures (DTD), split 1". */
  readonly format: string;
  readonly classes: readonly string[];
  readonly train: FoundSplit;
  readonly test: FoundSplit;
  /** Files that its lists name and that are not there. */
  readonly missing: readonly string[];
  /** What was decided, in sentences for people. */
  readonly notes: readonly string[];
}

/**
 * Recognises a data set by what is in a tree; undefined where it is another.
 * Throws in one sentence when it is this one and cannot be read.
 * @param seed fixes a split where the data set has none.
 */
export type Recogniser = (tree: FileTree, seed: number) => Promise<FoundDataset | undefined>;

/** An image's file and the name of its class. */
export interface Example {
  readonly path: string;
  readonly className: string;
}

/**
 * A data set of files. Classes are those of the training images, sorted by code points as Python's ImageFolder has them.
 * Throws in one sentence when training images have fewer than two classes, or a test image has one that they lack.
 */
export function foundFiles(
  tree: FileTree,
  format: string,
  examples: { readonly train: readonly Example[]; readonly test: readonly Example[] },
  notes: readonly string[] = [],
): FoundDataset {
  const classes = sortedNames(examples.train.map(({ className }) => className));
  const labelOf = new Map(classes.map((name, label) => [name, label]));
  if (classes.length < 2)
    throw new Error(
      `${tree.name} (${format}) has ${classes.length === 0 ? 'no training images' : `only one class, "${classes[0]}"`}, and training needs at least two.`,
    );
  const stranger = examples.test.find(({ className }) => !labelOf.has(className));
  if (stranger)
    throw new Error(
      `${tree.name} (${format}) has test images of the class "${stranger.className}", which no training image has.`,
    );
  const isThere = ({ path }: Example) => tree.files.has(path);
  const split = (all: readonly Example[]): FoundSplit => {
    const there = all.filter(isThere);
    const labels = Int32Array.from(there, ({ className }) => labelOf.get(className) as number);
    return { kind: 'files', paths: there.map(({ path }) => path), labels };
  };
  return {
    format,
    classes,
    train: split(examples.train),
    test: split(examples.test),
    missing: [...examples.train, ...examples.test].filter((example) => !isThere(example)).map(({ path }) => path),
    notes,
  };
}

/** Each name once, sorted by code points. */
export const sortedNames = (names: readonly string[]): string[] => [...new Set(names)].sort(byCodePoint);

/** The part before `file` of the first path that ends with it; undefined where none does. */
export function rootOf({ files }: FileTree, file: string): string | undefined {
  for (const path of files.keys())
    if (path === file || path.endsWith(`/${file}`)) return path.slice(0, path.length - file.length);
  return undefined;
}

/** The lines of a text file that have something on them. */
export async function linesOf(tree: FileTree, path: string): Promise<string[]> {
  const text = new TextDecoder().decode(await tree.read(path));
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** "1 image", "2,000 images". */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
