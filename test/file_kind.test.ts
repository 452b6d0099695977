import { kindOf } from '../src/file_kind.ts';
import { assert, suite } from './harness.ts';

const test = suite('kinds of files');

const bytes = (...parts: (string | number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : part)));

/** A local file header of a zip archive (APPNOTE 4.3.7): 26 bytes between the signature and the name. */
const zip = (name: string) => bytes('PK', [3, 4], new Array(26).fill(0), name, [1, 2, 3]);

const cases: [name: string, bytes: Uint8Array, what: RegExp | undefined][] = [
  ['what torch.save writes', zip('archive/data.pkl'), /^PyTorch's own kind of checkpoint/],
  [
    'what torch.save wrote before 1.6',
    bytes([0x80, 2, 0x8a, 10], [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8], [0x50, 0x19, 0x2e]),
    /^PyTorch's/,
  ],
  ['a pickle', bytes([0x80, 4, 0x95, 0]), /^a pickle/],
  ['a zip archive', zip('train/cat.png'), /^a zip archive$/],
  ['a zip archive with a data.pkl deep inside', zip('a/b/data.pkl'), /^a zip archive$/],
  ['a gzip file', bytes([0x1f, 0x8b, 8, 0]), /^a gzip file$/],
  ['a tar archive', bytes('cat.png', new Array(250).fill(0), 'ustar', [0]), /^a tar archive$/],
  ['an xz file', bytes([0xfd], '7zXZ', [0, 0]), /^a compressed file$/],
  ['a PNG', bytes([0x89], 'PNG\r\n', [0x1a], '\n', [0]), /^an image$/],
  ['a JPEG', bytes([0xff, 0xd8, 0xff, 0xe0, 0]), /^an image$/],
  ['an array of NumPy', bytes([0x93], 'NUMPY', [1, 0]), /^an array of NumPy$/],
  ['an HDF5 file', bytes([0x89], 'HDF\r\n', [0x1a]), /^an HDF5 file$/],
  ['IDX images', bytes([0, 0, 8, 3], [0, 0, 0xea, 0x60]), /^an IDX file/],
  ['IDX labels', bytes([0, 0, 8, 1], [0, 0, 0xea, 0x60]), /^an IDX file/],
  ['a safetensors file', bytes([0x40, 1, 0, 0, 0, 0, 0, 0], '{"a":'), /^a safetensors checkpoint$/],
  ['a web page', bytes('\n<!DOCTYPE html>\n<html><title>404'), /^a web page, as of a failed download$/],
  ['a web page without a type', bytes('<html>404 Not Found</html>'), /^a web page/],
  ['an XML error of a store', bytes('<?xml version="1.0"?><Error>AccessDenied'), /^a web page/],
  ['a pointer of Git LFS', bytes('version https://git-lfs.github.com/spec/v1\noid'), /^a pointer of Git LFS/],
  ['an index of sharded weights', bytes('{"metadata": {}, "weight_map": {}}'), /^JSON$/],
  ['a text', bytes('Hier stehen keine Gewichte, nur Wörter.\n'), /^a text$/],
  ['nothing', bytes(), /^empty$/],
  ['what cannot be told', bytes([1, 0, 3, 4, 5, 6, 7, 8, 9]), undefined],
];
for (const [name, content, what] of cases)
  test(`${name} is told by its content`, () => {
    const found = kindOf(content);
    if (what) assert.match(found?.what ?? 'nothing', what);
    else assert.is(found, undefined);
  });

test('each kind says what to do', () => {
  for (const [name, content, what] of cases) if (what) assert.ok((kindOf(content)?.remedy ?? '').length > 5, name);
});

test.run();
