import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore } from '../../src/gpu/tune/store.node.ts';
import { cacheFolder } from '../../src/gpu/tune/store.ts';
import { assert, suite } from '../harness.ts';

const test = suite('store');

let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
});
test.after(() => rm(folder, { recursive: true }));

test('texts are files, and nothing else is left behind', async () => {
  const store = fileStore(join(folder, 'made', 'on', 'demand'));
  assert.is(await store.read('a.json'), undefined);
  await store.write('a.json', 'one');
  await store.write('a.json', 'two');
  assert.is(await store.read('a.json'), 'two');
  assert.equal(await readdir(join(folder, 'made', 'on', 'demand')), ['a.json']);
});

test('what the file system refuses ends a sentence', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  const store = fileStore(file);
  const message = (action: Promise<unknown>) =>
    action.then(
      () => '',
      (error: Error) => error.message,
    );
  assert.is(await message(store.read('a.json')), 'cannot be read');
  assert.is(await message(store.write('a.json', 'text')), 'cannot be written');
});

test("the folder is the user's cache unless told otherwise", () => {
  const folderWith = (variables: Record<string, string>) => cacheFolder((name) => variables[name]);
  assert.is(folderWith({ HOME: '/home/me' }), '/home/me/.cache/coin-webgpu');
  assert.is(folderWith({ HOME: '/home/me', XDG_CACHE_HOME: '/caches' }), '/caches/coin-webgpu');
  assert.is(folderWith({ HOME: '/home/me', COIN_CACHE: '/mine' }), '/mine');
});

test.run();
