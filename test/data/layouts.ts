// Miniatures of data sets in their official layouts: a few images each, one colour a class, so that an image under a wrong label
// is seen.
import sharp from 'sharp';
import { type Files, tgzOf, zipOf } from './archives.ts';
import { idx } from './idx.ts';
import { matOf } from './mat.ts';

/** The colour of a class's images, far enough from the next one to survive JPEG. */
export const colourOf = (index: number): [number, number, number] => [20 * (index + 1), 250 - 20 * index, 40];

const encoded = new Map<number, Promise<Uint8Array>>();

/** A JPEG of 10 × 8 pixels in a class's colour. */
export function jpegOf(index: number): Promise<Uint8Array> {
  const [r, g, b] = colourOf(index);
  const image =
    encoded.get(index) ??
    sharp({ create: { width: 10, height: 8, channels: 3, background: { r, g, b } } })
      .jpeg()
      .toBuffer();
  encoded.set(index, image);
  return image;
}

export interface Layout {
  readonly name: string;
  readonly format: string;
  /** Files as their archives unpack to, or are kept beside them. */
  readonly files: Files;
  /** The same as downloaded. */
  readonly archives: Files;
  readonly classes: readonly string[];
  /** How many images of each class. */
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/** Images by path, each in the colour of its class's index. */
async function images(paths: readonly (readonly [path: string, index: number])[]): Promise<Record<string, Uint8Array>> {
  const found: Record<string, Uint8Array> = {};
  for (const [path, index] of paths) found[path] = await jpegOf(index);
  return found;
}

const under = (files: Files, prefix: string): Files =>
  Object.fromEntries(Object.entries(files).filter(([path]) => path.startsWith(prefix)));

const range = (count: number, from = 0) => Array.from({ length: count }, (_, i) => i + from);

async function dtd(): Promise<Layout> {
  const names = ['banded', 'zigzagged'];
  const file = (name: string, i: number) => `${name}/${name}_000${i}.jpg`;
  const list = (...indices: number[]) => names.flatMap((name) => indices.map((i) => `${file(name, i)}\n`)).join('');
  const files = {
    ...(await images(names.flatMap((name, c) => range(6).map((i) => [`dtd/images/${file(name, i)}`, c] as const)))),
    'dtd/labels/train1.txt': list(0, 1),
    'dtd/labels/val1.txt': list(2),
    'dtd/labels/test1.txt': list(3, 4),
    'dtd/labels/train2.txt': list(5),
    'dtd/labels/labels_joint_anno.txt': '',
  };
  return {
    ...{
      name: 'DTD',
      format: 'Describable Textures (DTD), split 1',
      files,
      classes: names,
      train: [3, 3],
      test: [2, 2],
    },
    archives: { 'dtd-r1.0.1.tar.gz': await tgzOf(files) },
  };
}

async function aircraft(): Promise<Layout> {
  const names = ['707-320', 'ATR-42', 'Challenger 600'];
  const root = 'fgvc-aircraft-2013b/data';
  const list = (of: readonly number[]) => of.map((i) => `000000${i} ${names[i % 3]}\n`).join('');
  const files = {
    ...(await images(range(9).map((i) => [`${root}/images/000000${i}.jpg`, i % 3]))),
    [`${root}/variants.txt`]: `${names.join('\n')}\n`,
    [`${root}/images_variant_trainval.txt`]: list([0, 1, 2, 3, 4]),
    [`${root}/images_variant_train.txt`]: list([0, 1, 2]),
    [`${root}/images_variant_test.txt`]: list([5, 6, 7, 8]),
  };
  return {
    ...{
      name: 'FGVC Aircraft',
      format: 'FGVC-Aircraft, variants',
      files,
      classes: names,
      train: [2, 2, 1],
      test: [1, 1, 2],
    },
    archives: { 'fgvc-aircraft-2013b.tar.gz': await tgzOf(files) },
  };
}

async function pets(): Promise<Layout> {
  const names = ['Abyssinian', 'Bengal', 'american_bulldog'];
  // Its own numbers are in the order of names without regard to case.
  const numbers = [1, 3, 2];
  const line = (c: number, i: number) => `${names[c]}_${i} ${numbers[c]} ${c < 2 ? 1 : 2} 1\n`;
  const files = {
    ...(await images(range(3).flatMap((c) => range(4).map((i) => [`images/${names[c]}_${i}.jpg`, c] as const)))),
    'images/Abyssinian_100.mat': 'left over by its makers',
    'annotations/README': '',
    'annotations/list.txt': '#Image CLASS-ID SPECIES BREED ID\n',
    'annotations/trimaps/Abyssinian_0.png': await jpegOf(0),
    'annotations/trainval.txt': range(3)
      .map((c) => line(c, 0) + line(c, 1))
      .join(''),
    'annotations/test.txt': range(3)
      .map((c) => line(c, 3))
      .join(''),
  };
  return {
    ...{
      name: 'Oxford-IIIT Pets',
      format: 'Oxford-IIIT Pets',
      files,
      classes: names,
      train: [2, 2, 2],
      test: [1, 1, 1],
    },
    archives: {
      'images.tar.gz': await tgzOf(under(files, 'images/')),
      'annotations.tar.gz': await tgzOf(under(files, 'annotations/')),
    },
  };
}

async function flowers(): Promise<Layout> {
  // Sorted as texts: "1", "10", "2".
  const labels = [1, 2, 10, 1, 2, 10, 10];
  const index = new Map([
    [1, 0],
    [10, 1],
    [2, 2],
  ]);
  const files = {
    ...(await images(labels.map((label, i) => [`jpg/image_0000${i + 1}.jpg`, index.get(label) as number] as const))),
    'imagelabels.mat': matOf({ labels }),
    'setid.mat': matOf({ trnid: [1, 2, 3], valid: [4], tstid: [5, 6, 7] }),
  };
  return {
    ...{ name: 'Flowers-102', format: 'Oxford 102 Flowers, official split (trained on train and val)', files },
    ...{ classes: ['1', '10', '2'], train: [2, 1, 1], test: [0, 2, 1] },
    archives: {
      '102flowers.tgz': await tgzOf(under(files, 'jpg/')),
      ...under(files, 'imagelabels'),
      ...under(files, 'setid'),
    },
  };
}

async function kaggleFlowers(): Promise<Layout> {
  const names = ['1', '10', '2'];
  const of = (split: string, count: number) =>
    names.flatMap((name, c) =>
      range(count).map((i) => [`flower_data/flower_data/${split}/${name}/image_0${i}.jpg`, c] as const),
    );
  const files = {
    ...(await images([...of('train', 3), ...of('valid', 2), ['flower_data/flower_data/test/image_00005.jpg', 0]])),
    'cat_to_name.json': '{"1": "pink primrose"}',
  };
  return {
    ...{ name: "Flowers-102 of Kaggle's folders", format: 'a folder of class folders', files, classes: names },
    ...{ train: [3, 3, 3], test: [2, 2, 2], archives: { 'archive.zip': zipOf(files) } },
  };
}

async function cars(): Promise<Layout> {
  // In the file's own order, which is not that of code points.
  const names = ['AM General Hummer', 'Acura RL Sedan 2012', 'Ram C/V Cargo Van Minivan 2012'];
  const [sorted, index] = [[...names].sort(), (label: number) => [...names].sort().indexOf(names[label - 1] as string)];
  const annotations = (labels: readonly number[]) => ({
    struct: labels.map((label, i) => ({
      ...{ bbox_x1: [39], bbox_y1: [116], bbox_x2: [569], bbox_y2: [375], class: [label], fname: `0000${i + 1}.jpg` },
    })),
  });
  const [train, test] = [
    [3, 1, 2, 1],
    [2, 3, 3],
  ];
  const files = {
    ...(await images(train.map((label, i) => [`cars_train/0000${i + 1}.jpg`, index(label)] as const))),
    ...(await images(test.map((label, i) => [`cars_test/0000${i + 1}.jpg`, index(label)] as const))),
    'devkit/cars_meta.mat': matOf({ class_names: { cell: names } }),
    'devkit/cars_train_annos.mat': matOf({ annotations: annotations(train) }),
    'devkit/cars_test_annos.mat': matOf({ annotations: { struct: [{ fname: '00001.jpg' }] } }),
    'cars_test_annos_withlabels.mat': matOf({ annotations: annotations(test) }),
  };
  return {
    ...{ name: 'Stanford Cars', format: 'Stanford Cars', files, classes: sorted, train: [2, 1, 1], test: [0, 1, 2] },
    archives: {
      'cars_train.tgz': await tgzOf(under(files, 'cars_train/')),
      'cars_test.tgz': await tgzOf(under(files, 'cars_test/')),
      'car_devkit.tgz': await tgzOf(under(files, 'devkit/')),
      ...under(files, 'cars_test_annos'),
    },
  };
}

async function caltech(): Promise<Layout> {
  const names = ['BACKGROUND_Google', 'Faces', 'accordion'];
  const counts = [32, 33, 31];
  const file = (i: number) => `image_${String(i + 1).padStart(4, '0')}.jpg`;
  const files = {
    ...(await images(
      names.flatMap((name, c) =>
        range(counts[c] as number).map((i) => [`101_ObjectCategories/${name}/${file(i)}`, c] as const),
      ),
    )),
    'Annotations/Faces/annotation_0001.mat': 'not read',
  };
  const inner = await tgzOf(under(files, '101_ObjectCategories/'));
  return {
    ...{ name: 'Caltech-101', format: 'Caltech-101, 30 images of each class to train on', files, classes: names },
    ...{ train: [30, 30, 30], test: [2, 3, 1] },
    archives: { 'caltech-101.zip': zipOf({ 'caltech-101/101_ObjectCategories.tar.gz': inner }, { stored: true }) },
  };
}

async function imagenet(): Promise<Layout> {
  const nette =
    'n01440764 n02102040 n02979186 n03000684 n03028079 n03394916 n03417042 n03425413 n03445777 n03888257'.split(' ');
  const woof =
    'n02086240 n02087394 n02088364 n02089973 n02093754 n02096294 n02099601 n02105641 n02111889 n02115641'.split(' ');
  const names = [...nette, ...woof].sort();
  const of = (root: string, classes: readonly string[]) =>
    images(
      classes.flatMap((name) =>
        ['train', 'train', 'val'].map(
          (split, i) => [`${root}/${split}/${name}/${name}_${i}.JPEG`, names.indexOf(name) % 10] as const,
        ),
      ),
    );
  const [first, second] = [await of('imagenette2', nette), await of('imagewoof2', woof)];
  const noisy = { 'imagenette2/noisy_imagenette.csv': 'path,noisy_labels_0\n' };
  return {
    ...{ name: 'ImageNet-20', format: 'ImageNet-20 (Imagenette and Imagewoof)', classes: names },
    ...{ files: { ...first, ...noisy, ...second }, train: names.map(() => 2), test: names.map(() => 1) },
    archives: { 'imagenette2.tgz': await tgzOf({ ...first, ...noisy }), 'imagewoof2.tgz': await tgzOf(second) },
  };
}

/** 32 × 32 pixels of a class's colour, plane by plane. */
const planes = (index: number) => colourOf(index).flatMap((value) => new Array<number>(1024).fill(value));

function binaryCifar(hundred: boolean): Files {
  const record = (label: number) => [...(hundred ? [9] : []), label, ...planes(label)];
  const batch = (...labels: number[]) => Uint8Array.from(labels.flatMap(record));
  if (hundred)
    return {
      'cifar-100-binary/train.bin': batch(2, 0, 1, 0),
      'cifar-100-binary/test.bin': batch(1, 2),
      'cifar-100-binary/fine_label_names.txt': 'apple\naquarium_fish\nbaby\n',
      'cifar-100-binary/coarse_label_names.txt': 'aquatic_mammals\n',
    };
  return {
    ...Object.fromEntries(range(5, 1).map((n) => [`cifar-10-batches-bin/data_batch_${n}.bin`, batch(n % 3, 0)])),
    'cifar-10-batches-bin/test_batch.bin': batch(2, 1),
    'cifar-10-batches-bin/batches.meta.txt': 'airplane\nautomobile\nbird\n\n',
  };
}

/** Opcodes of a pickle: a dict as Python 2 wrote those of CIFAR (protocol 2), whose strings are bytes. */
function pickleOf(
  dict: Readonly<Record<string, readonly number[] | readonly string[] | { rows: readonly (readonly number[])[] }>>,
): Uint8Array {
  const latin = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
  const text = (value: string) => [...latin('U'), value.length, ...latin(value)];
  const u16 = (value: number) => [...latin('M'), value & 255, value >> 8];
  const list = (items: readonly number[][]) => [...latin(']('), ...items.flat(), ...latin('e')];
  const array = (rows: readonly (readonly number[])[]) => {
    const bytes = rows.flat();
    return [
      ...latin(
        'cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85q\x05U\x01b\x87q\x06Rq\x07(K\x01',
      ),
      ...u16(rows.length),
      ...u16(3072),
      ...latin('\x86q\x08cnumpy\ndtype\nq\x09U\x02u1q\x0aK\x00K\x01\x87q\x0bRq\x0c(K\x03U\x01|q\x0dNNN'),
      ...latin('J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x0eb\x89T'),
      ...new Uint8Array(Uint32Array.of(bytes.length).buffer),
      ...bytes,
      ...latin('q\x0ftq\x10b'),
    ];
  };
  const items = Object.entries(dict).map(([key, value]) => [
    ...text(key),
    ...('rows' in value
      ? array(value.rows)
      : list(value.map((item) => (typeof item === 'string' ? text(item) : [...latin('K'), item])))),
  ]);
  return Uint8Array.from([...latin('\x80\x02}q\x01('), ...items.flat(), ...latin('u.')]);
}

function pythonCifar(hundred: boolean): Files {
  const key = hundred ? 'fine_labels' : 'labels';
  const batch = (...labels: number[]) =>
    pickleOf({
      batch_label: ['training batch 1 of 5'],
      [key]: labels,
      ...(hundred && { coarse_labels: labels.map(() => 9) }),
      data: { rows: labels.map(planes) },
      filenames: labels.map((_, i) => `${i}.png`),
    });
  if (hundred)
    return {
      'cifar-100-python/train': batch(2, 0, 1, 0),
      'cifar-100-python/test': batch(1, 2),
      'cifar-100-python/meta': pickleOf({
        fine_label_names: ['apple', 'aquarium_fish', 'baby'],
        coarse_label_names: ['fish'],
      }),
      'cifar-100-python/file.txt~': '',
    };
  return {
    ...Object.fromEntries(range(5, 1).map((n) => [`cifar-10-batches-py/data_batch_${n}`, batch(n % 3, 0)])),
    'cifar-10-batches-py/test_batch': batch(2, 1),
    'cifar-10-batches-py/batches.meta': pickleOf({ label_names: ['airplane', 'automobile', 'bird'], num_vis: [0] }),
    'cifar-10-batches-py/readme.html': '',
  };
}

async function cifar(hundred: boolean, version: 'binary' | 'Python'): Promise<Layout> {
  const files = version === 'binary' ? binaryCifar(hundred) : pythonCifar(hundred);
  const name = `CIFAR-${hundred ? 100 : 10}, ${version} version`;
  return {
    ...{ name, format: name, files, archives: { 'cifar.tar.gz': await tgzOf(files) } },
    classes: hundred ? ['apple', 'aquarium_fish', 'baby'] : ['airplane', 'automobile', 'bird'],
    train: hundred ? [2, 1, 1] : [6, 2, 2],
    test: [0, 1, 1],
  };
}

async function letters(): Promise<Layout> {
  // Labels from 1, of which one does not occur. The images' grey is the label.
  const image = (label: number) => new Array<number>(6).fill(label);
  const split = (name: string, labels: readonly number[]) => ({
    [`gzip/emnist-letters-${name}-images-idx3-ubyte`]: idx([labels.length, 2, 3], labels.flatMap(image)),
    [`gzip/emnist-letters-${name}-labels-idx1-ubyte`]: idx([labels.length], labels),
  });
  const files = { ...split('train', [1, 2, 4, 4]), ...split('test', [4, 1]) };
  return {
    ...{ name: 'EMNIST letters, as IDX files', format: 'IDX files', files, classes: ['class 1', 'class 2', 'class 4'] },
    ...{ train: [1, 1, 2], test: [1, 0, 1], archives: { 'letters.zip': zipOf(files) } },
  };
}

export const layouts = (): Promise<Layout[]> =>
  Promise.all([
    dtd(),
    aircraft(),
    pets(),
    flowers(),
    kaggleFlowers(),
    cars(),
    caltech(),
    imagenet(),
    ...[false, true].flatMap((hundred) => [cifar(hundred, 'binary'), cifar(hundred, 'Python')]),
    letters(),
  ]);
