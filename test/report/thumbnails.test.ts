import { equalSizes } from '../../src/data/dataset.ts';
import { encodePng } from '../../src/report/png.ts';
import { thumbnails } from '../../src/report/thumbnails.ts';
import { assert, suite } from '../harness.ts';

const test = suite('thumbnails');

/** Reads what `encodePng` writes: one IDAT, rows without filters. */
async function decode(png: Uint8Array<ArrayBuffer>) {
  const data = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const size = data.getUint32(33);
  const compressed = new Blob([png.slice(41, 41 + size)]).stream().pipeThrough(new DecompressionStream('deflate'));
  const rows = new Uint8Array(await new Response(compressed).arrayBuffer());
  const [width, height, channels] = [data.getUint32(16), data.getUint32(20), data.getUint8(25) === 2 ? 3 : 1] as const;
  const row = 1 + width * channels;
  const pixels = Array.from({ length: height }, (_, y) => [...rows.subarray(y * row + 1, (y + 1) * row)]);
  return { width, height, channels, pixels };
}

const bytesOf = (url: string) => Uint8Array.from(atob(url.replace(/^.*,/, '')), (c) => c.charCodeAt(0));

test('a picture of one grey pixel has the bytes of the standard', async () => {
  const png = await encodePng(Uint8Array.of(7), { width: 1, height: 1, channels: 1 });
  const text = [...png].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  // Signature, header with its checksum (as every encoder writes it for 1 x 1 grey), and the end with its own.
  assert.ok(text.startsWith('89504e470d0a1a0a0000000d4948445200000001000000010800000000' + '3a7e9b55'), text);
  assert.ok(text.endsWith('0000000049454e44ae426082'), text);
  assert.equal((await decode(png)).pixels, [[7]]);
});

test('chosen images stand side by side in their order, large ones as means of areas', async () => {
  // Three images of 64 x 64 pixels, each of one grey in its left half and of white in its right half.
  const images = { channels: 1, sizes: equalSizes(3, [64, 64]) };
  const pixels = Uint8Array.from({ length: 3 * 64 * 64 }, (_, i) => (i % 64 < 32 ? 10 * Math.floor(i / 4096) : 255));
  const { url, columns, width, height } = await thumbnails({ ...images, pixels }, [2, 0]);
  assert.equal([columns, width, height], [2, 32, 32]);
  const sheet = await decode(bytesOf(url));
  assert.equal([sheet.width, sheet.height, sheet.channels], [64, 32, 1]);
  assert.equal(
    [0, 15, 16, 31, 32, 47, 48].map((x) => sheet.pixels[20]![x]),
    [20, 20, 255, 255, 0, 0, 255],
  );
});

test('colours stay colours, and images of odd sizes are not stretched beyond a pixel', async () => {
  const images = { channels: 3, sizes: equalSizes(30, [5, 3]) };
  const pixels = Uint8Array.from({ length: 30 * 45 }, (_, i) => i % 3);
  const { url, columns, width, height } = await thumbnails(
    { ...images, pixels },
    Array.from({ length: 30 }, (_, i) => i),
  );
  assert.equal([columns, width, height], [25, 3, 5]);
  const sheet = await decode(bytesOf(url));
  assert.equal([sheet.width, sheet.height, sheet.channels], [75, 10, 3]);
  assert.equal(sheet.pixels[9]!.slice(0, 6), [0, 1, 2, 0, 1, 2]);
});

test('images of different sizes stand in the middle of equal places', async () => {
  const sizes = Uint32Array.of(1, 3, 2, 1);
  const { url, ...places } = await thumbnails({ channels: 1, sizes, pixels: Uint8Array.of(1, 2, 3, 4, 5) }, [0, 1]);
  assert.equal(places, { columns: 2, width: 3, height: 2 });
  assert.equal((await decode(bytesOf(url))).pixels, [
    [1, 2, 3, 0, 4, 0],
    [0, 0, 0, 0, 5, 0],
  ]);
});

test.run();
