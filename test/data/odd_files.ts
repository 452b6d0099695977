// Images as people and downloads have them, damaged and odd ones: what becomes of each.
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import type { Size } from '../../src/data/dataset.ts';

export interface OddFile {
  readonly what: string;
  /** With its ending, which may be wrong. */
  readonly name: string;
  make(): Promise<Uint8Array> | Uint8Array;
  /** The size that it is decoded to and its first pixel, or why it is not. */
  readonly outcome:
    | { readonly size: Size; readonly pixel: readonly [number, number, number]; readonly within?: number }
    | { readonly why: RegExp };
}

const W = 24;
const H = 16;

/** Pixels whose value depends on the place: rows get lighter downwards, the left half is red. */
const plain = (channels: 1 | 2 | 3 | 4, alpha = 255) =>
  sharp(
    Uint8Array.from({ length: W * H * channels }, (_, i) => {
      const [channel, column, row] = [i % channels, Math.floor(i / channels) % W, Math.floor(i / channels / W)];
      if (channels % 2 === 0 && channel === channels - 1) return alpha;
      if (channels < 3) return 100 + row;
      return column < W / 2 ? [200, 20 + row, 10][channel]! : [10, 20 + row, 200][channel]!;
    }),
    { raw: { width: W, height: H, channels } },
  );
const noise = (width = 64, height = 48) =>
  sharp(
    Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * i * 7919) >> 7),
    { raw: { width, height, channels: 3 } },
  );
const flat = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: { r: 90, g: 120, b: 30 } }, limitInputPixels: false });
const deep = (channels: 1 | 3) =>
  sharp(
    Uint16Array.from({ length: W * H * channels }, () => 0x8040),
    { raw: { width: W, height: H, channels } },
  ).toColourspace(channels === 1 ? 'grey16' : 'rgb16');

const cut = async (image: Promise<Uint8Array>, share: number) => {
  const bytes = await image;
  return bytes.subarray(0, Math.floor(bytes.length * share));
};
const spoilt = async (image: Promise<Uint8Array>, at: number) => {
  const bytes = Uint8Array.from(await image);
  for (let i = at; i < at + 8; i++) bytes[i]! ^= 0xff;
  return bytes;
};
const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const text = (value: string) => new TextEncoder().encode(value);

/** A PNG whose header claims another size. */
async function claiming(width: number, height: number): Promise<Uint8Array> {
  const bytes = Buffer.from(await flat(8, 8).png().toBuffer());
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
  return bytes;
}

const turned = (orientation: number) => ({
  what: `a JPEG that EXIF turns (${orientation})`,
  name: `turned${orientation}.jpg`,
  make: () => plain(3).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).withMetadata({ orientation }).toBuffer(),
  outcome: {
    size: (orientation > 4 ? [W, H] : [H, W]) as Size,
    // What is at the top left: of the image as stored the corner that the orientation names.
    pixel: (
      [
        [200, 20, 10],
        [10, 20, 200],
        [10, 35, 200],
        [200, 35, 10],
        [200, 20, 10],
        [200, 35, 10],
        [10, 35, 200],
        [10, 20, 200],
      ] as const
    )[orientation - 1]!,
  },
});

const RED = [200, 20, 10] as const;
const GREY = [100, 100, 100] as const;
const FLAT = [90, 120, 30] as const;
const WHITE = [255, 255, 255] as const;
const SIZE: Size = [H, W];
const ok = (pixel: readonly [number, number, number], size: Size = SIZE) => ({ size, pixel });
const bad = (why: RegExp) => ({ why });

export const ODD_FILES: readonly OddFile[] = [
  { what: 'a JPEG', name: 'a.jpg', make: () => plain(3).jpeg({ quality: 100 }).toBuffer(), outcome: ok(RED) },
  {
    what: 'a progressive JPEG',
    name: 'a.jpeg',
    make: () => plain(3).jpeg({ progressive: true, quality: 100 }).toBuffer(),
    outcome: ok(RED),
  },
  {
    what: 'an ending in capitals',
    name: 'A.JPEG',
    make: () => plain(3).jpeg({ quality: 100 }).toBuffer(),
    outcome: ok(RED),
  },
  {
    what: 'a grey JPEG',
    name: 'a.jpg',
    make: () => plain(1).toColourspace('b-w').jpeg({ quality: 100 }).toBuffer(),
    outcome: ok(GREY),
  },
  {
    what: 'a CMYK JPEG',
    name: 'a.jpg',
    make: () => plain(3).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(),
    outcome: { ...ok(RED), within: 12 },
  },
  ...[1, 2, 3, 4, 5, 6, 7, 8].map(turned),
  { what: 'a PNG', name: 'a.png', make: () => plain(3).png().toBuffer(), outcome: ok(RED) },
  {
    what: 'an interlaced PNG',
    name: 'a.png',
    make: () => plain(3).png({ progressive: true }).toBuffer(),
    outcome: ok(RED),
  },
  {
    what: 'a PNG with a palette',
    name: 'a.png',
    make: () => plain(3).png({ palette: true }).toBuffer(),
    outcome: ok(RED),
  },
  {
    what: 'a PNG of two colours',
    name: 'a.png',
    make: () => flat(W, H).png({ palette: true, colours: 2 }).toBuffer(),
    outcome: ok(FLAT),
  },
  { what: 'a grey PNG', name: 'a.png', make: () => plain(1).toColourspace('b-w').png().toBuffer(), outcome: ok(GREY) },
  { what: 'a PNG of 16 bits', name: 'a.png', make: () => deep(3).png().toBuffer(), outcome: ok([128, 128, 128]) },
  { what: 'a grey PNG of 16 bits', name: 'a.png', make: () => deep(1).png().toBuffer(), outcome: ok([128, 128, 128]) },
  { what: 'an opaque PNG with alpha', name: 'a.png', make: () => plain(4).png().toBuffer(), outcome: ok(RED) },
  { what: 'a transparent PNG', name: 'a.png', make: () => plain(4, 0).png().toBuffer(), outcome: ok(WHITE) },
  {
    what: 'a half transparent PNG',
    name: 'a.png',
    make: () => plain(4, 128).png().toBuffer(),
    outcome: ok([227, 137, 132]),
  },
  {
    what: 'a grey PNG with alpha',
    name: 'a.png',
    make: () => plain(2, 128).png().toBuffer(),
    outcome: ok([177, 177, 177]),
  },
  { what: 'a WebP', name: 'a.webp', make: () => plain(3).webp({ lossless: true }).toBuffer(), outcome: ok(RED) },
  {
    what: 'a transparent WebP',
    name: 'a.webp',
    make: () => plain(4, 0).webp({ lossless: true }).toBuffer(),
    outcome: ok(WHITE),
  },
  { what: 'an AVIF', name: 'a.avif', make: () => flat(W, H).avif({ quality: 90 }).toBuffer(), outcome: ok(FLAT) },
  { what: 'a TIFF', name: 'a.tiff', make: () => plain(3).tiff({ compression: 'lzw' }).toBuffer(), outcome: ok(RED) },
  {
    what: 'a TIFF of 16 bits',
    name: 'a.tif',
    make: () => deep(3).tiff({ compression: 'none' }).toBuffer(),
    outcome: ok([128, 128, 128]),
  },
  { what: 'a GIF', name: 'a.gif', make: () => plain(3).gif().toBuffer(), outcome: ok([200, 20, 10]) },
  {
    what: 'an animated GIF, whose first frame counts',
    name: 'a.gif',
    make: () =>
      sharp(Buffer.concat([Buffer.alloc(W * H * 3, 250), Buffer.alloc(W * H * 3, 5)]), {
        raw: { width: W, height: 2 * H, channels: 3, pageHeight: H },
      })
        .gif({ delay: [50, 50] })
        .toBuffer(),
    outcome: ok([250, 250, 250]),
  },
  {
    what: 'an animated WebP',
    name: 'a.webp',
    make: () =>
      sharp(Buffer.concat([Buffer.alloc(W * H * 3, 250), Buffer.alloc(W * H * 3, 5)]), {
        raw: { width: W, height: 2 * H, channels: 3, pageHeight: H },
      })
        .webp({ lossless: true, delay: [50, 50] })
        .toBuffer(),
    outcome: ok([250, 250, 250]),
  },
  { what: 'one pixel', name: 'a.png', make: () => flat(1, 1).png().toBuffer(), outcome: ok(FLAT, [1, 1]) },
  { what: 'one row', name: 'a.png', make: () => flat(20, 1).png().toBuffer(), outcome: ok(FLAT, [1, 20]) },
  { what: 'one column', name: 'a.png', make: () => flat(1, 20).png().toBuffer(), outcome: ok(FLAT, [20, 1]) },
  {
    what: 'a line of 20,000 pixels',
    name: 'a.png',
    make: () => flat(20000, 1).png().toBuffer(),
    outcome: ok(FLAT, [1, 4096]),
  },
  {
    what: 'a column of 20,000 pixels',
    name: 'a.jpg',
    make: () => flat(1, 20000).jpeg().toBuffer(),
    outcome: ok(FLAT, [4096, 1]),
  },
  {
    what: 'a large image',
    name: 'a.jpg',
    make: () => flat(1200, 800).jpeg().toBuffer(),
    outcome: ok(FLAT, [256, 384]),
  },
  { what: 'a tall image', name: 'a.png', make: () => flat(300, 900).png().toBuffer(), outcome: ok(FLAT, [768, 256]) },
  {
    what: 'an image of the bound itself',
    name: 'a.png',
    make: () => flat(256, 300).png().toBuffer(),
    outcome: ok(FLAT, [300, 256]),
  },
  { what: 'a PNG that calls itself JPEG', name: 'a.jpg', make: () => plain(3).png().toBuffer(), outcome: ok(RED) },
  {
    what: 'a WebP that calls itself PNG',
    name: 'a.png',
    make: () => plain(3).webp({ lossless: true }).toBuffer(),
    outcome: ok(RED),
  },
  { what: 'a GIF that calls itself JPEG', name: 'a.jpg', make: () => plain(3).gif().toBuffer(), outcome: ok(RED) },
  {
    what: 'a JPEG with bytes behind its end',
    name: 'a.jpg',
    make: async () => joined(await flat(W, H).jpeg().toBuffer(), text('more')),
    outcome: ok(FLAT),
  },
  {
    what: 'a truncated JPEG',
    name: 'a.jpg',
    make: () => cut(noise().jpeg().toBuffer(), 0.8),
    outcome: bad(/^it is truncated$/),
  },
  {
    what: 'a JPEG of its first bytes',
    name: 'a.jpg',
    make: () => cut(noise().jpeg().toBuffer(), 0.1),
    outcome: bad(/^it is truncated$/),
  },
  {
    what: 'a JPEG that lacks its last bytes',
    name: 'a.jpg',
    make: () => cut(noise().jpeg().toBuffer(), 0.99),
    outcome: bad(/^it is truncated$/),
  },
  {
    what: 'a JPEG of its mark alone',
    name: 'a.jpg',
    make: () => Uint8Array.of(0xff, 0xd8, 0xff),
    outcome: bad(/^it is (truncated|damaged|no image)/),
  },
  {
    what: 'a truncated PNG',
    name: 'a.png',
    make: () => cut(noise().png().toBuffer(), 0.5),
    outcome: bad(/^it is (truncated|damaged \(.*\))$/),
  },
  {
    what: 'a PNG of its mark alone',
    name: 'a.png',
    make: () => cut(noise().png().toBuffer(), 0.001),
    outcome: bad(/^it is (truncated|damaged|no image)/),
  },
  {
    what: 'a PNG with another checksum',
    name: 'a.png',
    make: () => spoilt(noise().png().toBuffer(), 60),
    outcome: bad(/^it is (truncated|damaged)/),
  },
  {
    what: 'a PNG with a spoilt header',
    name: 'a.png',
    make: () => spoilt(noise().png().toBuffer(), 16),
    outcome: bad(/^it is (truncated|damaged|no image)|^it claims/),
  },
  {
    what: 'a truncated WebP',
    name: 'a.webp',
    make: () => cut(noise().webp().toBuffer(), 0.5),
    outcome: bad(/^it is (truncated|damaged)/),
  },
  {
    what: 'a truncated GIF',
    name: 'a.gif',
    make: () => cut(noise().gif().toBuffer(), 0.1),
    outcome: bad(/^it is (truncated|damaged)/),
  },
  {
    what: 'a truncated TIFF',
    name: 'a.tif',
    make: () => cut(noise().tiff({ compression: 'none' }).toBuffer(), 0.5),
    outcome: bad(/^it is (truncated|damaged|no image)/),
  },
  {
    what: 'a PNG that claims 60,000 × 60,000 pixels',
    name: 'a.png',
    make: () => claiming(60000, 60000),
    outcome: bad(/^it claims more pixels than any photograph has$/),
  },
  {
    what: 'a PNG that claims more rows than it has',
    name: 'a.png',
    make: () => claiming(8, 500),
    outcome: bad(/^it is (truncated|damaged)/),
  },
  { what: 'nothing', name: 'a.jpg', make: () => new Uint8Array(0), outcome: bad(/^it is empty$/) },
  {
    what: 'zeros',
    name: 'a.jpg',
    make: () => new Uint8Array(5000),
    outcome: bad(/^it is no image of a format that can be decoded/),
  },
  {
    what: 'noise',
    name: 'a.png',
    make: () => Uint8Array.from({ length: 5000 }, (_, i) => 128 + ((i * i * 31) >> 4)),
    outcome: bad(/^it is no image of a format that can be decoded/),
  },
  { what: 'a text', name: 'a.jpg', make: () => text('not found'), outcome: bad(/^it is a text$/) },
  {
    what: 'a web page',
    name: 'a.jpg',
    make: () => text('<!DOCTYPE html><html>404'),
    outcome: bad(/^it is a web page, as of a failed download$/),
  },
  {
    what: 'a pointer of Git LFS',
    name: 'a.png',
    make: () => text('version https://git-lfs.github.com/spec/v1\n'),
    outcome: bad(/^it is a pointer of Git LFS and not the file$/),
  },
  {
    what: 'a drawing (SVG)',
    name: 'a.png',
    make: () => text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    outcome: bad(/^it is a/),
  },
  {
    what: 'a zip archive',
    name: 'a.jpg',
    make: () => joined(text('PK\x03\x04'), new Uint8Array(60)),
    outcome: bad(/^it is a zip archive$/),
  },
  {
    what: 'a BMP, which is not decoded',
    name: 'a.bmp',
    make: () => joined(text('BM'), new Uint8Array(60)),
    outcome: bad(/^it is no image of a format that can be decoded/),
  },
  {
    what: 'a PPM, which is not decoded',
    name: 'a.ppm',
    make: () => text('P6 1 1 255\nabc'),
    outcome: bad(/^it is (a text|no image)/),
  },
];
