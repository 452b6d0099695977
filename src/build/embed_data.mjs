// Makes data/fashion-mnist-subset from the full data set. Run by hand when the subset is to change:
//   node src/build/embed_data.mjs DIR
// DIR has Fashion-MNIST's four IDX files, plain or gzip-compressed (Debian's package dataset-fashion-mnist puts them
// into /usr/share/datasets/fashion-mnist). Takes the first images of each class in the order of the files, so that
// every run gives the same bytes.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

const CLASSES = 10;
const SPLITS = [
  { prefix: 'train', perClass: 550 },
  { prefix: 't10k', perClass: 200 },
];
const OUT = 'data/fashion-mnist-subset';
const MOST_BYTES = 3.3e6;

const [, , folder] = process.argv;
if (!folder) throw new Error('usage: node src/build/embed_data.mjs DIR');

function read(name) {
  const path = [join(folder, name), join(folder, `${name}.gz`)].find(existsSync);
  if (!path) throw new Error(`${folder} has no ${name}[.gz]`);
  const bytes = readFileSync(path);
  return bytes[0] === 0x1f ? gunzipSync(bytes) : bytes;
}

/** An IDX file of unsigned bytes. */
function idx(sizes, data) {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.set([0, 0, 8, sizes.length]);
  sizes.forEach((size, axis) => {
    header.writeUInt32BE(size, 4 + 4 * axis);
  });
  return Buffer.concat([header, data]);
}

let total = 0;
function write(name, bytes) {
  const packed = gzipSync(bytes, { level: 9, memLevel: 9 });
  // The byte that names the operating system is the only one that could differ between machines.
  packed[9] = 255;
  writeFileSync(join(OUT, `${name}.gz`), packed);
  total += packed.length;
}

mkdirSync(OUT, { recursive: true });
for (const { prefix, perClass } of SPLITS) {
  const images = read(`${prefix}-images-idx3-ubyte`);
  const labels = read(`${prefix}-labels-idx1-ubyte`).subarray(8);
  const [height, width] = [images.readUInt32BE(8), images.readUInt32BE(12)];
  const taken = new Array(CLASSES).fill(0);
  const chosen = [...labels.keys()].filter((index) => taken[labels[index]]++ < perClass);
  if (chosen.length !== CLASSES * perClass) throw new Error(`${prefix} has a class with fewer than ${perClass} images`);
  const pixels = chosen.map((index) => images.subarray(16 + index * height * width, 16 + (index + 1) * height * width));
  write(`${prefix}-images-idx3-ubyte`, idx([chosen.length, height, width], Buffer.concat(pixels)));
  write(`${prefix}-labels-idx1-ubyte`, idx([chosen.length], Buffer.from(chosen.map((index) => labels[index]))));
  console.log(`${prefix}: ${chosen.length} images`);
}
if (total > MOST_BYTES)
  throw new Error(`${OUT} takes ${total} bytes, more than the ${MOST_BYTES} that the package allows`);
console.log(`${OUT}: ${total} bytes`);
