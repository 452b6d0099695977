// FGVC-Aircraft: 100 variants of aircraft. Maji, Kannala, Rahtu, Blaschko and Vedaldi, "Fine-Grained Visual Classification of
// Aircraft", arXiv 1306.5151, https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/ (fgvc-aircraft-2013b.tar.gz).
import { foundFiles, linesOf, type Recogniser, rootOf } from './format.ts';

/** Trains on trainval: 6,667 images, and 3,333 to test. */
export const fgvcAircraft: Recogniser = async (tree) => {
  const root = rootOf(tree, 'images_variant_trainval.txt');
  if (root === undefined) return undefined;
  // A line is the image's number and the variant, which may have spaces.
  const examples = async (list: string) =>
    (await linesOf(tree, `${root}images_variant_${list}.txt`)).map((line) => {
      const [image = '', className = ''] = line.split(/ (.*)/s);
      return { path: `${root}images/${image}.jpg`, className };
    });
  return foundFiles(
    tree,
    'FGVC-Aircraft, variants',
    { train: await examples('trainval'), test: await examples('test') },
    ['The lowest 20 pixels of its images name their owners; they are left in.'],
  );
};
