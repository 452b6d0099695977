// Oxford 102 Flowers as published, with MATLAB's files. Nilsback and Zisserman, "Automated flower classification over a large
// number of classes", ICVGIP 2008, https://www.robots.ox.ac.uk/~vgg/data/flowers/102/ (102flowers.tgz, imagelabels.mat,
// setid.mat). The folders of Kaggle, with another split, are a folder of class folders.
import { readMat } from '../mat.ts';
import type { FileTree } from '../tree/tree.ts';
import { foundFiles, type Recogniser, rootOf } from './format.ts';

/** Trains on trnid and valid: 2,040 images, and 6,149 to test. Classes are named by their numbers, as Kaggle's folders are. */
export const flowers102: Recogniser = async (tree) => {
  const [lists, labels] = ['setid.mat', 'imagelabels.mat'].map((file) => [rootOf(tree, file), file] as const);
  if (lists?.[0] === undefined || labels?.[0] === undefined) return undefined;
  const classOf = await numbersOf(tree, labels.join(''), 'labels');
  const root = rootOf(tree, 'jpg/image_00001.jpg') ?? '';
  const examples = async (list: string) =>
    (await numbersOf(tree, lists.join(''), list)).map((image) => ({
      path: `${root}jpg/image_${String(image).padStart(5, '0')}.jpg`,
      className: String(classOf[image - 1]),
    }));
  return foundFiles(
    tree,
    'Oxford 102 Flowers, official split (trained on train and val)',
    { train: [...(await examples('trnid')), ...(await examples('valid'))], test: await examples('tstid') },
    ['Its labels count from 1; here they are the names of classes, sorted as text and counted from 0.'],
  );
};

async function numbersOf(tree: FileTree, path: string, variable: string): Promise<readonly number[]> {
  const value = (await readMat(await tree.read(path), `${tree.name}/${path}`)).get(variable);
  if (value?.kind !== 'numbers') throw new Error(`${tree.name}/${path} has no numbers "${variable}".`);
  return value.values;
}
