// Stanford Cars: 196 makes, models and years. Krause, Stark, Deng and Fei-Fei, "3D Object Representations for Fine-Grained
// Categorization", 3dRR 2013: cars_train.tgz, cars_test.tgz, car_devkit.tgz and cars_test_annos_withlabels.mat. The page is gone;
// Kaggle's copies have the same files.
import { type MatValue, readMat } from '../mat.ts';
import type { FileTree } from '../tree/tree.ts';
import { foundFiles, type Recogniser } from './format.ts';

/** Trains on 8,144 images, and tests on 8,041. */
export const stanfordCars: Recogniser = async (tree) => {
  const paths = [...tree.files.keys()];
  const find = (name: RegExp) => paths.find((path) => name.test(path));
  const lists = {
    train: find(/(^|\/)cars_train_annos\.mat$/),
    // Kaggle's has a number in its name.
    test: find(/(^|\/)cars_test_annos_withlabels[^/]*\.mat$/),
    names: find(/(^|\/)cars_meta\.mat$/),
  };
  if (lists.train === undefined) return undefined;
  if (lists.test === undefined || lists.names === undefined)
    throw new Error(
      `${tree.name} has Stanford Cars, but not its ${lists.names ? 'cars_test_annos_withlabels.mat: cars_test_annos.mat has no classes' : 'cars_meta.mat'}; put that file there too.`,
    );
  const names = await read(tree, lists.names, 'class_names');
  if (names.kind !== 'cell') throw new Error(`${tree.name}/${lists.names} has no cells "class_names".`);
  const nameOf = names.cells.map((cell) => (cell.kind === 'text' ? cell.text : ''));
  const examples = async (list: string, folder: string) => {
    const images = new Map(
      paths.flatMap((path) => {
        const [, file] = new RegExp(`(?:^|/)${folder}/([^/]+)$`).exec(path) ?? [];
        return file === undefined ? [] : [[file, path] as const];
      }),
    );
    const annotations = await read(tree, list, 'annotations');
    if (annotations.kind !== 'struct') throw new Error(`${tree.name}/${list} has no structs "annotations".`);
    return annotations.elements.map((annotation, i) => {
      const [file, label] = [annotation.get('fname'), annotation.get('class')];
      const className = label?.kind === 'numbers' ? nameOf[(label.values[0] as number) - 1] : undefined;
      if (file?.kind !== 'text' || className === undefined)
        throw new Error(
          `${tree.name}/${list}: annotation ${i + 1} has no file or none of the ${nameOf.length} classes.`,
        );
      return { path: images.get(file.text) ?? `${folder}/${file.text}`, className };
    });
  };
  return foundFiles(
    tree,
    'Stanford Cars',
    { train: await examples(lists.train, 'cars_train'), test: await examples(lists.test, 'cars_test') },
    ['Its labels count from 1; here classes are sorted by name and counted from 0.'],
  );
};

async function read(tree: FileTree, path: string, variable: string): Promise<MatValue> {
  const value = (await readMat(await tree.read(path), `${tree.name}/${path}`)).get(variable);
  if (!value) throw new Error(`${tree.name}/${path} has no variable "${variable}".`);
  return value;
}
