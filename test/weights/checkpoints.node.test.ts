import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkCheckpoint, checkpointsOf } from '../../src/conformance/checkpoints.ts';
import { openCheckpoint } from '../../src/weights/checkpoint.ts';
import { fileSource } from '../../src/weights/source.node.ts';
import { blobSource, bytesSource } from '../../src/weights/source.ts';
import { assert, suite } from '../harness.ts';

const test = suite('checkpoints');

const FOLDER = join('test', 'golden', 'checkpoints');
const names = readdirSync(FOLDER);
const files = { names, read: async (name: string) => new Uint8Array(await readFile(join(FOLDER, name))) };

for (const name of checkpointsOf(names))
  test(`${name} is read or refused as it should be`, async () => {
    assert.equal(await checkCheckpoint(name, files), []);
    assert.is(existsSync('pwned'), false);
    assert.is(({} as { polluted?: unknown }).polluted, undefined);
  });

test('a file on disk, one of a page and one in memory give the same', async () => {
  for (const name of ['moco_zip.pth.tar', 'moco_legacy.pth.tar', 'odd.expected.safetensors']) {
    const bytes = await files.read(name);
    const disk = await fileSource(join(FOLDER, name));
    const all = [];
    for (const source of [bytesSource(bytes, name), blobSource(new Blob([bytes]), name), disk]) {
      const { tensors } = await openCheckpoint(source);
      all.push(await Promise.all([...tensors].map(async ([key, tensor]) => [key, await tensor.read()])));
    }
    await disk.close();
    assert.equal(all[1], all[0]);
    assert.equal(all[2], all[0]);
  }
});

test('of a checkpoint only what is asked for is read', async () => {
  for (const [name, most] of [
    ['moco_zip.pth.tar', 8000],
    ['moco_legacy.pth.tar', 5500],
  ] as const) {
    const bytes = await files.read(name);
    const read = new Set<number>();
    const { tensors } = await openCheckpoint({
      ...bytesSource(bytes, name),
      async read(from, length) {
        for (let i = from; i < from + length; i++) read.add(i);
        return bytes.subarray(from, from + length);
      },
    });
    const before = read.size;
    const tensor = await tensors.get('module.encoder_q.conv1.weight')!.read();
    assert.ok(read.size - before <= tensor.data.byteLength + 64, `${read.size - before} bytes`);
    assert.ok(before < most || before === bytes.length, `${before} of ${bytes.length} bytes before`);
  }
});

test.run();
