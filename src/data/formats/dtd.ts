// Describable Textures: 47 classes of 120 images. Cimpoi, Maji, Kokkinos, Mohamed and Vedaldi, "Describing Textures in the
// Wild", CVPR 2014, https://www.robots.ox.ac.uk/~vgg/data/dtd/ (dtd-r1.0.1.tar.gz).
import { foundFiles, linesOf, type Recogniser, rootOf } from './format.ts';

/** Trains on train and val of the first of its ten splits: 3,760 images, and 1,880 to test. */
export const dtd: Recogniser = async (tree) => {
  const root = rootOf(tree, 'labels/train1.txt');
  if (root === undefined) return undefined;
  const examples = async (list: string) =>
    (await linesOf(tree, `${root}labels/${list}1.txt`)).map((line) => ({
      path: `${root}images/${line}`,
      className: line.slice(0, line.indexOf('/')),
    }));
  return foundFiles(tree, 'Describable Textures (DTD), split 1', {
    train: [...(await examples('train')), ...(await examples('val'))],
    test: await examples('test'),
  });
};
