// Four IDX files, as of MNIST, Fashion-MNIST, KMNIST and EMNIST (a set of it), plain or gzip-compressed.
import { FASHION_MNIST_CLASSES, IDX_FILES, readIdxSplits } from '../fashion_mnist.ts';
import type { FileTree } from '../tree/tree.ts';
import { linesOf, type Recogniser, sortedNames } from './format.ts';

/** A file's name: a beginning of its own, the split, what it holds, and its dimensions and element type. */
const NAME = /^(.*?)(train|t10k|test)-(images|labels)[-.]idx\d-ubyte(\.gz)?$/;

/**
 * Class names come from a file `classes.txt` beside them, one a line; without it a tree whose name contains "fashion" has
 * Fashion-MNIST's names, and any other the labels' numbers.
 */
export const idxFiles: Recogniser = async (tree) => {
  const found = [...tree.files.keys()].flatMap((path) => {
    const [, root = '', split = '', what = ''] = NAME.exec(path) ?? [];
    return split === '' ? [] : [{ path, root, split: split === 'train' ? 'train' : 'test', what }];
  });
  if (found.length === 0) return undefined;
  const [root = '', other] = sortedNames(found.map((file) => file.root));
  if (other !== undefined)
    throw new Error(
      `${tree.name} has several data sets of IDX files ("${root}…", "${other}…"); give a folder with one of them.`,
    );
  const read = async (split: 'train' | 'test', what: 'images' | 'labels') => {
    // The plain file is first of those in order.
    const file = found.find((candidate) => candidate.split === split && candidate.what === what);
    const usual = `${root}${IDX_FILES[split][what]}`;
    if (!file) throw new Error(`${tree.name} has no file ${usual} or ${usual}.gz.`);
    return { name: `${tree.name}/${file.path}`, bytes: await tree.read(file.path) };
  };
  const files = {
    train: { images: await read('train', 'images'), labels: await read('train', 'labels') },
    test: { images: await read('test', 'images'), labels: await read('test', 'labels') },
  };
  const title = tree.name.split('/').at(-1) as string;
  const { train, test, notes } = await readIdxSplits(title, files, await classNames(tree, root));
  return {
    format: 'IDX files',
    classes: train.classes,
    train: { kind: 'pixels', images: train },
    test: { kind: 'pixels', images: test },
    missing: [],
    notes,
  };
};

async function classNames(tree: FileTree, root: string): Promise<readonly string[] | undefined> {
  const list = `${root.slice(0, root.lastIndexOf('/') + 1)}classes.txt`;
  if (tree.files.has(list)) return linesOf(tree, list);
  return /fashion[^/]*$/i.test(tree.name) ? FASHION_MNIST_CLASSES : undefined;
}
