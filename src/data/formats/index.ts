import type { FileTree } from '../tree/tree.ts';
import { caltech101 } from './caltech101.ts';
import { cifar } from './cifar.ts';
import { classFolders } from './class_folders.ts';
import { dtd } from './dtd.ts';
import { fgvcAircraft } from './fgvc_aircraft.ts';
import { flowers102 } from './flowers102.ts';
import type { FoundDataset, Recogniser } from './format.ts';
import { idxFiles } from './idx_files.ts';
import { imagenet20 } from './imagenet20.ts';
import { oxfordPets } from './oxford_pets.ts';
import { stanfordCars } from './stanford_cars.ts';

/** In the order in which they are asked: a folder of class folders is what many others would be too. */
const RECOGNISERS: readonly Recogniser[] = [
  dtd,
  fgvcAircraft,
  oxfordPets,
  flowers102,
  stanfordCars,
  caltech101,
  imagenet20,
  cifar,
  idxFiles,
  classFolders,
];

/** What data set a tree holds; undefined where it is none that is known. Throws in one sentence when it cannot be read. */
export async function recognise(tree: FileTree, seed: number): Promise<FoundDataset | undefined> {
  for (const recogniser of RECOGNISERS) {
    const found = await recogniser(tree, seed);
    if (found) return found;
  }
  return undefined;
}
