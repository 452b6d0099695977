import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDecoder } from '../../src/data/decode.node.ts';
import { loadDataset, SIDE } from '../../src/data/load.node.ts';
import { assert, suite } from '../harness.ts';
import { refusal } from '../refusal.ts';
import { type Files, tgzOf, writeFolder, zipOf } from './archives.ts';
import { jpegOf } from './layouts.ts';
import { ODD_FILES } from './odd_files.ts';

const test = suite('damaged and odd images');
const root = mkdtempSync(join(tmpdir(), 'odd-'));
let count = 0;

for (const { what, make, outcome } of ODD_FILES)
  test(`${what} is ${'why' in outcome ? 'refused' : 'decoded'}`, async () => {
    const decoded = (await createDecoder())(await make(), SIDE);
    if ('why' in outcome) {
      assert.match(await refusal(decoded), outcome.why);
      return;
    }
    const { size, pixels } = await decoded;
    assert.equal(size, outcome.size);
    assert.is(pixels.length, size[0] * size[1] * 3);
    const found = [...pixels.subarray(0, 3)];
    assert.ok(
      found.every((value, i) => Math.abs(value - (outcome.pixel[i] as number)) <= (outcome.within ?? 4)),
      `its first pixel is ${found} and not ${outcome.pixel}`,
    );
  });

/** All odd files in one data set of two classes, beside two good ones each. */
async function oddSet(): Promise<Files> {
  const files: Record<string, Uint8Array> = {};
  for (const split of ['train', 'test'])
    for (const name of ['x', 'y']) files[`${split}/${name}/good.jpg`] = await jpegOf(name === 'x' ? 0 : 1);
  for (const [i, odd] of ODD_FILES.entries())
    files[`train/x/${String(i).padStart(2, '0')}${odd.name}`] = await odd.make();
  return files;
}
const refused = ODD_FILES.filter(({ outcome }) => 'why' in outcome).length;

for (const [what, place] of [
  ['a folder', async (files: Files) => writeFolder(join(root, `set${count++}`), files)],
  ['a tgz', async (files: Files) => write('.tgz', await tgzOf(files))],
  ['a zip archive', async (files: Files) => write('.zip', zipOf(files))],
] as const)
  test(`in ${what}, unreadable images are named and counted, stop the load, and are left out with skipBad`, async () => {
    const path = await place(await oddSet());
    const cache = join(root, `cache${count++}`);
    assert.match(
      await refusal(loadDataset(path, { cache })),
      new RegExp(
        `: ${refused} of ${ODD_FILES.length + 4} images cannot be read: train/x/\\d\\da\\.jpg \\(it is truncated\\), .* and ${refused - 5} more, which "coin data" lists; mend or remove them, or go on without them \\(--skip-bad\\)\\.$`,
      ),
    );
    const { train, test, bad } = await loadDataset(path, { cache, skipBad: true });
    assert.is(bad.length, refused);
    assert.equal([train.labels.length, test.labels.length], [ODD_FILES.length - refused + 2, 2]);
    assert.equal(train.sizes.length, 2 * train.labels.length);
  });

function write(ending: string, bytes: Uint8Array): string {
  const path = join(root, `set${count++}${ending}`);
  writeFileSync(path, bytes);
  return path;
}

const two = async (): Promise<Record<string, Uint8Array>> => ({
  ...{ 'train/x/1.jpg': await jpegOf(0), 'train/x/2.jpg': await jpegOf(1), 'train/y/1.jpg': await jpegOf(2) },
  'test/x/1.jpg': await jpegOf(3),
});

test('a class without a readable image, and a test without one, are refused', async () => {
  const broken = { ...(await two()), 'train/y/1.jpg': new Uint8Array(0) };
  const cache = join(root, 'cache');
  assert.match(
    await refusal(loadDataset(writeFolder(join(root, `set${count++}`), broken), { cache, skipBad: true })),
    /has no readable training image of the class "y"; not read: train\/y\/1\.jpg \(it is empty\)\.$/,
  );
  const untested = { ...(await two()), 'test/x/1.jpg': new Uint8Array(0) };
  assert.match(
    await refusal(loadDataset(writeFolder(join(root, `set${count++}`), untested), { cache, skipBad: true })),
    /has no readable test image; not read: test\/x\/1\.jpg \(it is empty\)\.$/,
  );
});

test('images are decoded once; changed ones, and those of a damaged cache, again', async () => {
  const cache = join(root, `cache${count++}`);
  // What follows the end of an image does not count; with it, the changed one is as long as it was.
  const padded = (image: Uint8Array) => Buffer.concat([image, Buffer.alloc(2000 - image.length)]);
  const files = { ...(await two()), 'train/x/1.jpg': padded(await jpegOf(0)) };
  const path = writeFolder(join(root, `set${count++}`), files);
  const decoded = async () => {
    let total = 0;
    const onProgress = (_: number, of: number) => {
      total = of;
    };
    const { train } = await loadDataset(path, { cache, onProgress });
    return { total, pixels: train.pixels };
  };
  const first = await decoded();
  const again = await decoded();
  assert.equal([first.total, again.total, again.pixels], [4, 0, first.pixels]);
  writeFileSync(join(path, 'train/x/1.jpg'), padded(await jpegOf(5)));
  const changed = await decoded();
  assert.is(changed.total, 1);
  assert.is.not(changed.pixels[0], first.pixels[0]);
  // As after a crash: pixels that are not all there.
  const [folder] = readdirSync(cache);
  for (const file of readdirSync(join(cache, folder!)))
    if (file.endsWith('.pixels')) truncateSync(join(cache, folder!, file), 10);
  const mended = await decoded();
  assert.equal([mended.total, mended.pixels], [4, changed.pixels]);
});

test('a cache that cannot be written is told in one sentence', async () => {
  const path = writeFolder(join(root, `set${count++}`), await two());
  writeFileSync(join(root, 'file'), '');
  assert.match(
    await refusal(loadDataset(path, { cache: join(root, 'file') })),
    /^The folder .* of decoded images cannot be made: a file is in the way of its folder; take another path\.$/,
  );
});

test.after(() => rmSync(root, { recursive: true }));

test.run();
