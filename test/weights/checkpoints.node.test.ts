import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkCheckpoint, checkpointsOf } from '../../src/conformance/checkpoints.ts';
import { openCheckpoint } from '../../src/weights/checkpoint.ts';
import { fileSource } from '../../src/weights/source.node.ts';
import { blobSource, bytesSource } from '../../src/weights/source.ts';
import { assert, suite } from '../harness.ts';
import { refusal } from '../refusal.ts';
import { joined, type TorchTensor, torchLegacy, torchZip } from './torch_file.ts';

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

const REASONS: readonly (readonly [name: string, reason: RegExp])[] = [
  [
    'refuse_sparse_zip.pth',
    /weight is made by torch\._utils\._rebuild_sparse_tensor, a kind of tensor that is not read\.$/,
  ],
  ['refuse_view_legacy.pth', /its storage 0 has a part beyond its end\.$/],
  ['refuse_count_legacy.pth', /its storage 0 has 5 elements, but its tensors say 16 bytes\.$/],
  ['either_big_endian_zip.pth', /has numbers in big-endian order, which are not read\.$/],
];
for (const [name, reason] of REASONS)
  test(`${name} is refused for what is wrong with it`, async () => {
    const bytes = await files.read(name);
    assert.match(await refusal(openCheckpoint(bytesSource(bytes, name))), reason);
  });

const tensorOf = (dtype: 'F32' | 'I64', ...values: number[]): TorchTensor => ({
  ...{ dtype, shape: [values.length] },
  bytes: () =>
    new Uint8Array((dtype === 'F32' ? Float32Array.from(values) : BigInt64Array.from(values, BigInt)).buffer),
});

/** The file with the byte changed that follows the first place of a text. */
function withByte(file: Uint8Array, after: string, byte: number): Uint8Array {
  const at = Buffer.from(file).indexOf(after, 0, 'latin1');
  assert.ok(at >= 0);
  return Uint8Array.from(file, (own, i) => (i === at + after.length ? byte : own));
}

test('an old file in big-endian order is refused', async () => {
  const little = joined(torchLegacy({ weight: tensorOf('F32', 1, 2) }));
  // NEWFALSE in place of NEWTRUE.
  const big = withByte(little, 'little_endian', 0x89);
  assert.match(await refusal(openCheckpoint(bytesSource(big, 'big.pth'))), /^big\.pth has numbers in big-endian order/);
});

test('a storage of two types is refused', async () => {
  const two = joined(torchZip({ weight: tensorOf('F32', 1, 2), steps: tensorOf('I64', 3) }));
  // The second tensor's storage has the key of the first.
  const one = withByte(two, 'LongStorage\nX\x01\0\0\0', 0x30);
  assert.match(
    await refusal(openCheckpoint(bytesSource(one, 'two.pth'))),
    /^two\.pth .*its storage 0 has two types or sizes\.$/,
  );
});

test('where a file has both, the tensors are those under state_dict and not those under model', async () => {
  const both = { model: { weight: tensorOf('F32', 1) }, state_dict: { weight: tensorOf('F32', 2) } };
  const { tensors } = await openCheckpoint(bytesSource(joined(torchZip(both)), 'both.pth'));
  assert.equal([...(await tensors.get('weight')!.read()).data], [2]);
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
