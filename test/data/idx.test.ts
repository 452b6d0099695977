import { readIdxImages, readIdxLabels } from '../../src/data/idx.ts';
import { assert, suite } from '../harness.ts';
import { refusal } from '../refusal.ts';

const test = suite('IDX');

const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 250, 251, 252);
const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 9, 7);

const gzip = async (bytes: Uint8Array) => {
  const stream = new Blob([bytes.slice()]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

test('reads images', async () => {
  const want = { count: 2, height: 1, width: 3, pixels: Uint8Array.of(1, 2, 3, 250, 251, 252) };
  assert.equal(await readIdxImages(images, 'f'), want);
  assert.equal(await readIdxImages(await gzip(images), 'f.gz'), want);
});

test('reads labels', async () => {
  assert.equal(await readIdxLabels(labels, 'f'), Uint8Array.of(9, 7));
  assert.equal(await readIdxLabels(await gzip(labels), 'f.gz'), Uint8Array.of(9, 7));
});

test('reads from the middle of a buffer', async () => {
  const moved = new Uint8Array(labels.length + 3).subarray(3);
  moved.set(labels);
  assert.equal(await readIdxLabels(moved, 'f'), Uint8Array.of(9, 7));
});

test('refuses what is no such file', async () => {
  const page = new TextEncoder().encode('<html>');
  const isPage = 'f is not an IDX file: it is a web page, as of a failed download; download it again.';
  assert.is(await refusal(readIdxImages(page, 'f')), isPage);
  assert.is(await refusal(readIdxLabels(await gzip(page), 'f')), isPage);
  assert.match(await refusal(readIdxImages(Uint8Array.of(1, 0, 8, 3), 'f')), /^f is not an IDX file: .*two zero bytes/);
  assert.match(await refusal(readIdxImages(new Uint8Array(0), 'f')), /^f is not an IDX file: it is empty/);
  assert.match(await refusal(readIdxImages(labels, 'f')), /^f has 1 dimensions, and IDX images have 3; .*mixed up/);
  const floats = images.slice();
  floats[2] = 0x0d;
  assert.match(await refusal(readIdxImages(floats, 'f')), /^f has IDX elements of type 0x0d/);
});

test('refuses what is not complete', async () => {
  assert.match(
    await refusal(readIdxImages(images.subarray(0, 10), 'f')),
    /^f is truncated: it ends inside its IDX header/,
  );
  assert.match(
    await refusal(readIdxImages(images.subarray(0, 20), 'f')),
    /^f is truncated: .*2 x 1 x 3 bytes of data but 4/,
  );
  assert.match(await refusal(readIdxLabels(Uint8Array.of(...labels, 1), 'f')), /^f is damaged: .* but 3 follow/);
  const compressed = await gzip(images);
  assert.match(await refusal(readIdxImages(compressed.subarray(0, 20), 'f')), /^f is a damaged or truncated gzip file/);
});

test.run();
