import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { withArchives } from '../../../src/data/tree/archives.ts';
import { openTree } from '../../../src/data/tree/open.node.ts';
import { byCodePoint, type FileTree } from '../../../src/data/tree/tree.ts';
import { assert, suite } from '../../harness.ts';
import { refusal } from '../../refusal.ts';
import { tarOf, tgzOf, writeFolder, zipOf } from '../archives.ts';

const test = suite('trees of files');
const root = mkdtempSync(join(tmpdir(), 'tree-'));
let count = 0;

const FILES = { 'b/2.jpg': 'two', 'a/10.jpg': 'ten', 'a/1.jpg': 'one', 'list.txt': 'a\nb\n' };

function file(bytes: Uint8Array | string, ending: string): string {
  const path = join(root, `archive${count++}${ending}`);
  writeFileSync(path, bytes);
  return path;
}
/** Trees to close at the end, with the files that they hold open. */
const trees: FileTree[] = [];
async function opened(path: string): Promise<FileTree> {
  const tree = await openTree(path);
  trees.push(tree);
  return tree;
}
const folder = (files: Readonly<Record<string, Uint8Array | string>>) =>
  writeFolder(join(root, `folder${count++}`), files);

async function contents(tree: FileTree): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const [path, bytes] of tree.readEach(tree.files.keys()))
    found[path] = bytes instanceof Error ? bytes.message : new TextDecoder().decode(bytes);
  return found;
}

const CONTAINERS: [what: string, make: (files: typeof FILES) => Promise<string>][] = [
  ['a folder', async (files) => folder(files)],
  ['a tar archive', async (files) => file(await tarOf(files), '.tar')],
  ['a compressed tar archive', async (files) => file(await tgzOf(files), '.tar.gz')],
  ['a tgz', async (files) => file(await tgzOf(files), '.tgz')],
  ['a zip archive', async (files) => file(zipOf(files), '.zip')],
  ['a stored zip archive', async (files) => file(zipOf(files, { stored: true }), '.zip')],
  ['an archive with another ending', async (files) => file(zipOf(files), '.tar')],
];
for (const [what, make] of CONTAINERS)
  test(`${what} lists its files by code point and gives their bytes, alone and together`, async () => {
    const tree = await opened(await make(FILES));
    assert.equal([...tree.files.keys()], ['a/1.jpg', 'a/10.jpg', 'b/2.jpg', 'list.txt']);
    assert.is(tree.files.get('b/2.jpg')?.size, 3);
    assert.is(new TextDecoder().decode(await tree.read('b/2.jpg')), 'two');
    assert.is(new TextDecoder().decode(await tree.read('list.txt')), 'a\nb\n');
    const found = await contents(tree);
    assert.equal(new Map(Object.entries(found)), new Map(Object.entries(FILES)));
    assert.match(await refusal(tree.read('c')), /has no file c\.$/);
  });

test('archives that lie in a folder, and in an archive, are read as if they were unpacked there', async () => {
  const tree = await withArchives(
    await opened(
      folder({
        'images.tar.gz': await tgzOf({ 'images/1.jpg': 'one', 'images/2.jpg': 'two' }),
        'images/2.jpg': 'unpacked',
        'more/all.zip': zipOf({ 'deep/inner.tgz': await tgzOf({ 'x.txt': 'inner' }), 'y.txt': 'outer' }),
        'a.txt': 'beside',
        'links.zip': zipOf({ 'a.jpg': '/etc/passwd' }, { mode: 0o120777 }),
      }),
    ),
  );
  assert.is(tree.notes.length, 1);
  assert.match(tree.notes[0]!, /links\.zip has 1 link, which is left out\.$/);
  assert.equal(await contents(tree), {
    'images/1.jpg': 'one',
    'images/2.jpg': 'unpacked',
    'a.txt': 'beside',
    'more/deep/x.txt': 'inner',
    'more/y.txt': 'outer',
  });
  assert.is(new TextDecoder().decode(await tree.read('more/deep/x.txt')), 'inner');
  await tree.close();
});

test('of several entries of a name the first counts, with its size and its bytes', async () => {
  const again = ['a.jpg', 'a.txt'].map((name) => ({
    header: { name, size: 6, type: 'file' as const },
    body: 'second',
  }));
  const tree = await opened(file(await tarOf({ 'a.jpg': 'one', 'a.txt': 'one' }, again), '.tar'));
  assert.equal(
    [...tree.files.values()].map(({ size }) => size),
    [3, 3],
  );
  assert.equal(await contents(tree), { 'a.jpg': 'one', 'a.txt': 'one' });
});

test('what systems leave behind is no file', async () => {
  const left = { '__MACOSX/a/._1.jpg': '', 'a/.DS_Store': '', 'a/Thumbs.db': '', '.git/x': '', 'a/1.jpg': 'one' };
  for (const path of [folder(left), file(zipOf(left), '.zip'), file(await tgzOf(left), '.tgz')])
    assert.equal([...(await opened(path)).files.keys()], ['a/1.jpg']);
});

test('links are followed in folders, but not in circles, and left out of archives', async () => {
  const path = folder({ 'a/1.jpg': 'one' });
  symlinkSync(join(path, 'a'), join(path, 'b'));
  symlinkSync('..', join(path, 'a', 'up'));
  symlinkSync('self', join(path, 'self'));
  symlinkSync('nowhere', join(path, 'gone'));
  const tree = await opened(path);
  assert.equal([...tree.files.keys()], ['a/1.jpg', 'b/1.jpg']);
  assert.equal([...tree.notes].sort(), [
    `${path}/a/up is a link to a folder that it lies in, and is left out.`,
    `${path}/b/up is a link to a folder that it lies in, and is left out.`,
    `${path}/gone is a link that leads nowhere, and is left out.`,
    `${path}/self is a link that leads nowhere, and is left out.`,
  ]);
  const link = { header: { name: 'a/2.jpg', size: 0, type: 'symlink' as const, linkname: '/etc/passwd' } };
  const tar = await opened(file(await tarOf({ 'a/1.jpg': 'one' }, [link]), '.tar'));
  assert.equal([[...tar.files.keys()], tar.notes], [['a/1.jpg'], [`${tar.name} has 1 link, which is left out.`]]);
  const zip = await opened(file(zipOf({ 'a/2.jpg': '/etc/passwd' }, { mode: 0o120777 }), '.zip'));
  assert.equal([zip.files.size, zip.notes], [0, [`${zip.name} has 1 link, which is left out.`]]);
});

const noise = Uint8Array.from({ length: 5000 }, (_, i) => (i * i * 7919) >> 5);
const REFUSED: [what: string, make: () => Promise<string>, message: RegExp][] = [
  [
    'a path that leads out of a zip archive',
    async () => file(zipOf({ 'a/../../x.jpg': 'x' }), '.zip'),
    /has the entry "a\/\.\.\/\.\.\/x\.jpg", which leads out of the archive; nothing of it is read\.$/,
  ],
  ['such a path with backslashes', async () => file(zipOf({ '..\\x.jpg': 'x' }), '.zip'), /leads out of the archive/],
  ['an absolute path', async () => file(await tarOf({ '/etc/x.jpg': 'x' }), '.tar'), /leads out of the archive/],
  ['a path with a drive', async () => file(zipOf({ 'C:\\x.jpg': 'x' }), '.zip'), /leads out of the archive/],
  [
    'a path that leads out of a tgz',
    async () => file(await tgzOf({ '../x.jpg': 'x' }), '.tgz'),
    /has the entry "\.\.\/x\.jpg", which leads out/,
  ],
  [
    'a zip archive that claims 100 MiB in 2 KB',
    async () => file(zipOf({ 'a.bmp': 'x'.repeat(2000) }, { claimed: 100 * 2 ** 20 }), '.zip'),
    /unpacks to more than 200 times its size, which no images do; it is damaged or made to fill memory\.$/,
  ],
  [
    'a tgz that holds 24 MiB of zeros',
    async () => file(await tgzOf({ 'a.bmp': new Uint8Array(24 * 2 ** 20) }), '.tgz'),
    /unpacks to more than 200 times its size/,
  ],
  [
    'a truncated tgz',
    async () => file((await tgzOf({ 'a.jpg': noise })).subarray(0, 2000), '.tgz'),
    /archive\d+\.tgz is damaged or truncated: it does not unpack\.$/,
  ],
  [
    'a truncated tar',
    async () => file((await tarOf({ 'a.jpg': noise })).subarray(0, 3000), '.tar'),
    /archive\d+\.tar is damaged or truncated: it is no tar archive\.$/,
  ],
  [
    'a truncated zip',
    async () => file(zipOf({ 'a.jpg': noise }).subarray(0, 3000), '.zip'),
    /archive\d+\.zip is damaged or truncated: an archive ends with its directory, and this one does not\.$/,
  ],
  [
    'a web page in place of an archive',
    async () => file('<!doctype html>', '.zip'),
    /archive\d+\.zip is not an archive that can be read .*: it is a web page, as of a failed download; download it again\.$/,
  ],
  [
    'a single compressed file',
    async () => file(gzipSync('text'), '.gz'),
    /archive\d+\.gz is not an archive that can be read .*: it is a gzip file; unpack it with gunzip\.$/,
  ],
  ['an empty file', async () => file('', '.tar'), /it is empty; download it again\.$/],
];
for (const [what, make, message] of REFUSED)
  test(`${what} is refused in one sentence`, async () => {
    assert.match(await refusal(openTree(await make())), message);
  });

const DAMAGED: [what: string, bytes: Uint8Array, message: RegExp][] = [
  [
    'an entry that unpacks to more than it claims',
    zipOf({ a: 'x'.repeat(9000) }, { claimed: 100 }),
    /its entry "a" does not unpack to what the directory promises\.$/,
  ],
  ['an entry that unpacks to less', zipOf({ a: 'xyz' }, { claimed: 4 }), /does not unpack to what/],
  ['an entry with another checksum', zipOf({ a: 'xyz' }, { crc: 1 }), /does not unpack to what/],
  [
    'an entry compressed by another method',
    zipOf({ a: 'xyz' }, { method: 12 }),
    /has the entry "a" compressed by the method 12, and only deflated ones are read; pack it again\.$/,
  ],
];
for (const [what, bytes, message] of DAMAGED)
  test(`${what} is refused when it is read`, async () => {
    const tree = await opened(file(bytes, '.zip'));
    assert.match(await refusal(tree.read('a')), message);
    assert.match(String((await contents(tree)).a), message);
  });

test('a folder that cannot be read is refused in one sentence', async () => {
  assert.is(
    await refusal(openTree(join(root, 'nowhere'))),
    `The data ${root}/nowhere cannot be read: it does not exist; check the path.`,
  );
});

test('stamps tell versions of a file apart', async () => {
  const path = folder({ 'a.jpg': 'one' });
  const first = (await opened(path)).stampOf('a.jpg');
  await new Promise((resolve) => setTimeout(resolve, 20));
  writeFileSync(join(path, 'a.jpg'), 'two');
  assert.is.not((await opened(path)).stampOf('a.jpg'), first);
  const archived = async () => (await withArchives(await opened(path))).stampOf('b.jpg');
  writeFileSync(join(path, 'b.zip'), zipOf({ 'b.jpg': 'one' }));
  const archive = await archived();
  await new Promise((resolve) => setTimeout(resolve, 20));
  writeFileSync(join(path, 'b.zip'), zipOf({ 'b.jpg': 'two' }));
  assert.is.not(await archived(), archive);
});

test('names are sorted by code points, which UTF-16 is not', () => {
  const names = ['\u{1f600}', '￿', 'b', 'B', 'a10', 'a2', 'a', 'é'];
  assert.equal([...names].sort(byCodePoint), ['B', 'a', 'a10', 'a2', 'b', 'é', '￿', '\u{1f600}']);
});

test.after(async () => {
  for (const tree of trees) await tree.close();
  rmSync(root, { recursive: true });
});

test.run();
