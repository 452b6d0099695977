import { runtimeStore } from '../../src/gpu/tune/store.ts';
import { assert, skip, suite } from '../harness.ts';

interface DenoFiles {
  readonly env: { set(name: string, value: string): void; delete(name: string): void };
  makeTempDir(): Promise<string>;
  remove(path: string, options: { recursive: boolean }): Promise<void>;
  readTextFile(path: string): Promise<string>;
  writeTextFile(path: string, text: string): Promise<void>;
}

const { Deno: deno } = globalThis as { Deno?: DenoFiles };

const test = suite('runtime store');

let folder: string | undefined;
test.before(async () => {
  folder = await deno?.makeTempDir();
  if (folder) deno?.env.set('COIN_CACHE', `${folder}/made/on/demand`);
});
test.after(async () => {
  deno?.env.delete('COIN_CACHE');
  if (folder) await deno?.remove(folder, { recursive: true });
});

const message = (action: Promise<unknown>): Promise<string> =>
  action.then(
    () => '',
    (error: Error) => error.message,
  );

test('a text is kept, replaced and found by a later store', async () => {
  if (!deno && !globalThis.indexedDB) skip('neither Deno nor IndexedDB here');
  const store = runtimeStore();
  assert.is(await store.read('never-written.json'), undefined);
  await store.write('test.json', 'one');
  await store.write('other.json', 'ä∑');
  await store.write('test.json', 'two');
  const later = runtimeStore();
  assert.is(await later.read('test.json'), 'two');
  assert.is(await later.read('other.json'), 'ä∑');
  assert.is(await later.read('never-written.json'), undefined);
});

test('in Deno, texts are files below COIN_CACHE, and what the file system refuses ends a sentence', async () => {
  if (!deno || !folder) skip('no Deno here');
  const store = runtimeStore();
  await store.write('test.json', 'text');
  assert.is(await deno.readTextFile(`${folder}/made/on/demand/test.json`), 'text');
  assert.is(store.place('test.json'), `${folder}/made/on/demand/test.json`);
  await deno.writeTextFile(`${folder}/file`, '');
  deno.env.set('COIN_CACHE', `${folder}/file`);
  const refused = runtimeStore();
  deno.env.set('COIN_CACHE', `${folder}/made/on/demand`);
  assert.is(await message(refused.read('test.json')), 'cannot be read');
  assert.is(await message(refused.write('test.json', 'text')), 'cannot be written');
});

test('where there is neither, a sentence says so', () => {
  if (deno || globalThis.indexedDB) skip('there is a place here');
  assert.throws(() => runtimeStore(), /^This runtime has no place to remember measurements\.$/);
});

test.run();
