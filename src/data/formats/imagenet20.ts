// ImageNet-20: the twenty classes of Imagenette and Imagewoof (https://github.com/fastai/imagenette), whose archives (imagenette2.tgz,
// imagewoof2.tgz, or those with smaller images) lie in one folder, unpacked or not.
import { type Example, foundFiles, type Recogniser } from './format.ts';

const CLASSES = new Set(
  `n01440764 n02102040 n02979186 n03000684 n03028079 n03394916 n03417042 n03425413 n03445777 n03888257
   n02086240 n02087394 n02088364 n02089973 n02093754 n02096294 n02099601 n02105641 n02111889 n02115641`.split(/\s+/),
);
const IMAGE = /^(.*?)(train|val)\/(n\d{8})\/[^/]+\.jpe?g$/i;

/** Trains on 18,494 images, and tests on the 7,854 of val. */
export const imagenet20: Recogniser = async (tree) => {
  const examples = { train: [] as Example[], val: [] as Example[] };
  const roots = new Map<string, string>();
  for (const path of tree.files.keys()) {
    const [, root = '', split = '', className = ''] = IMAGE.exec(path) ?? [];
    if (!CLASSES.has(className)) continue;
    examples[split as 'train' | 'val'].push({ path, className });
    const other = roots.get(className) ?? root;
    if (other !== root)
      throw new Error(`${tree.name} has the class ${className} in ${other} and in ${root}; leave one of them there.`);
    roots.set(className, root);
  }
  if (roots.size < CLASSES.size) return undefined;
  return foundFiles(tree, 'ImageNet-20 (Imagenette and Imagewoof)', { train: examples.train, test: examples.val });
};
