// Oxford-IIIT Pets: 37 breeds of cats and dogs. Parkhi, Vedaldi, Zisserman and Jawahar, "Cats and Dogs", CVPR 2012,
// https://www.robots.ox.ac.uk/~vgg/data/pets/ (images.tar.gz and annotations.tar.gz).
import { foundFiles, linesOf, type Recogniser, rootOf } from './format.ts';

/** Trains on trainval: 3,680 images, and 3,669 to test. */
export const oxfordPets: Recogniser = async (tree) => {
  const root = rootOf(tree, 'annotations/trainval.txt');
  if (root === undefined) return undefined;
  // A line is "Abyssinian_201 1 1 1": image, class from 1 to 37, species, breed. The image's name has the class's.
  const examples = async (list: string) =>
    (await linesOf(tree, `${root}annotations/${list}.txt`)).map((line) => {
      const [image = ''] = line.split(' ');
      return { path: `${root}images/${image}.jpg`, className: image.replace(/_\d+$/, '') };
    });
  return foundFiles(tree, 'Oxford-IIIT Pets', { train: await examples('trainval'), test: await examples('test') }, [
    'Its labels count from 1; here classes are sorted by name and counted from 0.',
  ]);
};
