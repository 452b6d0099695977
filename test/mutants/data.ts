// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of sources
// Faults of reading data sets: of archives, of formats, of labels and of images.
import { noticedBy } from './mutant.ts';

const TREE = 'src/data/tree/tree.ts';
const FOLDERS = 'src/data/formats/class_folders.ts';
const CIFAR = 'src/data/formats/cifar.ts';
const CARS = 'src/data/formats/stanford_cars.ts';
const MAT = 'src/data/mat.ts';
const LOAD = 'src/data/load.node.ts';
const DECODE = 'src/data/decode.node.ts';
const CACHE = 'src/data/decoded_cache.node.ts';
const ARCHIVES = 'src/data/tree/archives.ts';

export const mutants = [
  ...noticedBy(
    'data/tree/tree.node.test.ts',
    '',
    ['archives may lead out of themselves', TREE, "if (parts.includes('..') ||", 'if ('],
    ['absolute paths are read', TREE, "parts[0] === '' ||", ''],
    ['archives may unpack to anything', TREE, 'LARGEST_RATIO * packed)', 'LARGEST_RATIO * packed && packed < 0)'],
    [
      'UTF-16 sorts names',
      TREE,
      'const [left, right] = [[...a], [...b]];',
      'if (a !== b) return a < b ? -1 : 1;\n  const [left, right] = [[...a], [...b]];',
    ],
    [
      'circles of folders are followed',
      'src/data/tree/open.node.ts',
      'if (above.includes(real)) {',
      'if (above.length > 30) {',
    ],
    ['links in zip archives are read', 'src/data/tree/zip_tree.ts', 'if (entry.isLink) {', 'if (false) {'],
    [
      'the checksum of a zip entry is not its own',
      'src/weights/zip.ts',
      'end.setUint32(0, crc, true);',
      'end.setUint32(0, crc + 1, true);',
    ],
    [
      'a compressed entry is read as it is',
      'src/weights/zip.ts',
      'if (method === STORED && compressed === full)',
      'if (compressed > 0)',
    ],
    [
      'what lies unpacked beside its archive is replaced',
      'src/data/tree/archives.ts',
      'if (places.has(full) || (',
      'if ((',
    ],
  ),
  ...noticedBy(
    'data/formats.node.test.ts',
    '',
    ['DTD is not trained on val', 'src/data/formats/dtd.ts', ", ...(await examples('val'))", ''],
    ['Flowers are not trained on val', 'src/data/formats/flowers102.ts', ", ...(await examples('valid'))", ''],
    ['labels of flowers count from 0', 'src/data/formats/flowers102.ts', 'classOf[image - 1]', 'classOf[image]'],
    ['classes of cars count from 0', CARS, '(label.values[0] as number) - 1', '(label.values[0] as number) - 0'],
    [
      'the names of aircraft end at a space',
      'src/data/formats/fgvc_aircraft.ts',
      'line.split(/ (.*)/s)',
      "line.split(' ')",
    ],
    ['pets are named with their numbers', 'src/data/formats/oxford_pets.ts', "image.replace(/_\\d+$/, '')", 'image'],
    ['Caltech-101 is trained on 29', 'src/data/formats/caltech101.ts', 'TRAINED = 30', 'TRAINED = 29'],
    ['the coarse label counts', CIFAR, 'bytes[start - 1]', 'bytes[start - labels]'],
    ["CIFAR's planes stay planes", CIFAR, 'image[channel * PLANE + i]', 'image[channel + 3 * i]'],
    [
      'splits ignore the order that the seed fixes',
      FOLDERS,
      'order.subarray(0, count)',
      'order.slice().sort().subarray(0, 2 * count)',
    ],
    [
      'a validation split is preferred to a test split',
      FOLDERS,
      'const TESTS = [/^(test|testing)$/i, /^(val|valid|validation)$/i];',
      'const TESTS = [/^(val|valid|validation)$/i, /^(test|testing)$/i];',
    ],
    [
      'classes are in the order of files',
      'src/data/formats/format.ts',
      '[...new Set(names)].sort(byCodePoint)',
      '[...new Set(names)]',
    ],
    [
      'what is listed and missing is not told',
      'src/data/formats/format.ts',
      'filter((example) => !isThere(example))',
      'filter(() => false)',
    ],
    ['skipped labels stay', 'src/data/fashion_mnist.ts', 'places.get(label) as number', 'label'],
  ),
  ...noticedBy(
    'data/mat.node.test.ts',
    '',
    ['short elements are read as long ones', MAT, 'if (word >>> 16 !== 0) {', 'if (false) {'],
    ['elements are not padded', MAT, 'Math.ceil(length / 8) * 8', 'length'],
    [
      'numbers have the type of their array',
      MAT,
      '5: [4, (view, at) => view.getInt32(at, true)],',
      '5: [4, (view, at) => view.getFloat32(at, true)],',
    ],
    ['texts are bytes', MAT, "16: 'utf-8'", "16: 'latin1'"],
  ),
  ...noticedBy(
    'data/odd_files.node.test.ts',
    '',
    ['EXIF turns nothing', DECODE, '.autoOrient();', ';'],
    ['transparent pixels are black', DECODE, "background: 'white'", "background: 'black'"],
    ['truncated images are decoded', DECODE, "failOn: 'error'", "failOn: 'none'"],
    ['images keep their sizes', 'src/data/decode.ts', 'Math.min(1, most / shorter', 'Math.min(1, 1 / most + 1'],
    ['damage goes unnoticed', LOAD, 'if (!skipBad) refuseBad(', 'if (false) refuseBad('],
    ['changed files are not decoded again', LOAD, ', tree.stampOf(path));', ');'],
    [
      'pixels that are not there are taken for those of an image',
      CACHE,
      'offset + height * width * CHANNELS <= size',
      'offset >= 0',
    ],
    [
      'images are decoded each time',
      CACHE,
      'images.set(key, { segment, offset, size: [height, width] });',
      'images.delete(key);',
    ],
  ),
  ...noticedBy(
    'data/tree/tree.node.test.ts',
    '',
    ['of several entries of a name the last counts', 'src/data/tree/tar_tree.ts', ' || found.has(path)', ''],
    ['archives in archives stay closed', ARCHIVES, 'depth < DEEPEST &&', 'false &&'],
    ['archives are files of the data set', ARCHIVES, ' || (isArchive(path) && part.tree === tree)', ''],
    ['archives that changed are not read again', ARCHIVES, '`${tree.stampOf(path)}/${source.size}`', "''"],
    [
      'what an inner archive says is not told',
      ARCHIVES,
      '[tree, ...opened.map((part) => part.tree)].flat',
      '[tree].flat',
    ],
    [
      'only the file itself may be left behind',
      'src/data/tree/tree.ts',
      'kept.some(isLeftBehind)',
      "isLeftBehind(kept.at(-1) ?? '')",
    ],
  ),
  ...noticedBy(
    'data/formats.node.test.ts',
    '',
    ['test images may have classes of their own', 'src/data/formats/format.ts', 'if (stranger)', 'if (false)'],
    ['a class may lie in two places', 'src/data/formats/imagenet20.ts', 'if (other !== root)', 'if (false)'],
    [
      'labels of CIFAR may be of no class',
      'src/data/formats/cifar.ts',
      'label < 0 || label >= classes.length',
      'false',
    ],
  ),
  ...noticedBy(
    'train/habits.test.ts',
    'a class',
    [
      'what is left of a class is a group of its own',
      'src/data/sampler.ts',
      'Math.floor(own.length / per_class)',
      'Math.ceil(own.length / per_class)',
    ],
    ['a step tells of the epoch so far', 'src/train/trainer.ts', 'contrastOf(latest)', 'contrastOf(sums)'],
  ),
];
