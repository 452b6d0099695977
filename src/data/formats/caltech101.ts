// Caltech-101: 101 kinds of objects and a background. Fei-Fei, Fergus and Perona, "Learning generative visual models from few
// training examples", CVPR workshops 2004, https://data.caltech.edu/records/mzrjq-6wc02 (caltech-101.zip, with
// 101_ObjectCategories.tar.gz in it).
import { byClass, splitClasses } from './class_folders.ts';
import { foundFiles, type Recogniser } from './format.ts';

const IMAGE = /(^|\/)101_ObjectCategories\/([^/]+)\/[^/]+\.jpg$/;
const TRAINED = 30;

/** Trains on 30 images of each class, chosen by the seed, 3,060 in all, and tests on the other 6,084. */
export const caltech101: Recogniser = async (tree, seed) => {
  const examples = [...tree.files.keys()].flatMap((path) => {
    const [, , className] = IMAGE.exec(path) ?? [];
    return className === undefined ? [] : [{ path, className }];
  });
  if (examples.length === 0) return undefined;
  const split = splitClasses(byClass(examples), seed, (count) => count - TRAINED);
  return foundFiles(tree, `Caltech-101, ${TRAINED} images of each class to train on`, split, [
    `It has no split of its own: ${TRAINED} images of each class are chosen by the seed ${seed}, and all others are for the test.`,
  ]);
};
