// A sample of what `npm run fuzz` goes through.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointsOf } from '../../src/conformance/checkpoints.ts';
import { assert, suite } from '../harness.ts';
import { damaged, fault } from './fuzz.ts';

const test = suite('fuzzed checkpoints');

const FOLDER = join('test', 'golden', 'checkpoints');

test('a damaged checkpoint is read or refused by name', async () => {
  for (const name of checkpointsOf(readdirSync(FOLDER))) {
    const bytes = new Uint8Array(readFileSync(join(FOLDER, name)));
    for (let number = 0; number < 20; number++)
      assert.is(await fault(damaged(bytes, number)), undefined, `${name}, damage ${number}`);
  }
});

test('what stands where a name should is told without a crash: a number of any size, a list in a list without end', async () => {
  const bytes = new Uint8Array(readFileSync(join(FOLDER, 'simclr_legacy.pth')));
  // A damage that turned a name into a number of more than 53 bits.
  assert.is(await fault(damaged(bytes, 3516)), undefined);
  const deep = `{"w":{"dtype":${'['.repeat(5e4)}${']'.repeat(5e4)},"shape":[1],"data_offsets":[0,4]}}`;
  const file = new Uint8Array(8 + deep.length + 4);
  new DataView(file.buffer).setUint32(0, deep.length, true);
  file.set(new TextEncoder().encode(deep), 8);
  assert.is(await fault(file), undefined);
});

test('a damage is the same each time, and cuts or changes the file', () => {
  const bytes = new Uint8Array(readFileSync(join(FOLDER, 'moco_zip.pth.tar')));
  const all = Array.from({ length: 200 }, (_, number) => damaged(bytes, number));
  assert.equal(damaged(bytes, 7), all[7]);
  assert.ok(all.filter(({ length }) => length < bytes.length).length > 20);
  assert.ok(
    all.filter((other) => other.length === bytes.length && other.some((byte, i) => byte !== bytes[i])).length > 100,
  );
});

test.run();
