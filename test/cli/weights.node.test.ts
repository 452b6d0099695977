// Checkpoints of other projects on the command line: what they are, what is taken of them, and what they become.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createModel } from '../../src/nn/model.ts';
import { type HostTensor, toFloat32 } from '../../src/weights/host-tensor.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { torchShape } from '../../src/weights/state_dict.ts';
import { assert, suite } from '../harness.ts';
import { joined, type TorchTensor, type TorchValue, torchLegacy, torchZip } from '../weights/torch_file.ts';
import { writeCorners } from './corner_data.ts';
import { coinHere } from './in_process.ts';

const test = suite('weights on the command line');

let folder = '';
let data = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
  data = await writeCorners(join(folder, 'data'));
});
test.after(() => rm(folder, { recursive: true }));

const tensor = (shape: readonly number[], value: (i: number) => number): TorchTensor => ({
  ...{ dtype: 'F32', shape },
  bytes: () => {
    const values = Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) =>
      value(i),
    );
    return new Uint8Array(values.buffer);
  },
});

/** A narrow encoder for gray images, as MoCo saves one: in a dict beside the key encoder and the queue. */
const { store } = createModel({ arch: 'resnet8', encoder: { width: 4, channels: 1 }, seed: 0 });
const named = (prefix: string, value: number): Record<string, TorchValue> =>
  Object.fromEntries(
    store.entries.map((entry) => [
      entry.name.replace('encoder', prefix),
      tensor(torchShape(entry), (i) => value + 0.01 * Math.sin(i)),
    ]),
  );
const moco: TorchValue = {
  epoch: 800,
  arch: 'resnet8',
  state_dict: {
    ...named('module.encoder_q', 0.1),
    'module.encoder_q.fc.0.weight': tensor([32, 32], () => 1),
    ...named('module.encoder_k', 0.2),
    'module.queue': tensor([8, 16], () => 1),
  },
};

async function save(name: string, pieces: Iterable<Uint8Array>): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, joined(pieces));
  return path;
}

for (const [container, write] of [
  ['zip', torchZip],
  ['legacy', torchLegacy],
] as const)
  test(`inspect tells what a checkpoint holds and what it is: ${container}`, async () => {
    const path = await save(`${container}.pth.tar`, write(moco));
    const { code, stdout } = await coinHere('inspect', path);
    assert.is(code, 0);
    assert.match(stdout, /^module\.encoder_q\.conv1\.weight +F32 +\[4, 1, 3, 3\] +144 B$/m);
    assert.match(stdout, /^102 tensors of F32, 4\d,\d{3} elements, 1\d\d\.\d kB$/m);
    assert.match(
      stdout,
      /^encoder: resnet8, width 4, stem halving, 1 channels; 50 tensors, module\.encoder_q\.\* \(50\)$/m,
    );
    assert.match(stdout, /^beside it: module\.encoder_q\.fc\.0\.weight, module\.encoder_k\.\* \(50\), module\.queue$/m);
    const { tensors } = JSON.parse((await coinHere('inspect', '--json', path)).stdout);
    assert.equal(tensors.at(-1), { name: 'module.queue', dtype: 'F32', shape: [8, 16], bytes: 512 });
  });

test('a vision transformer is told by its tensors, and one of patches that none here has is of no known architecture', async () => {
  const vit = createModel({
    arch: 'vit_small_patch16',
    encoder: { image_size: [32, 32], global_pool: false },
    seed: 0,
  });
  const shapes = vit.store.entries.map((entry) => [entry.name.replace('encoder.', ''), torchShape(entry)] as const);
  const known = await save(
    'vit.pth',
    torchZip({ model: Object.fromEntries(shapes.map(([name, shape]) => [name, tensor(shape, () => 0)])) }),
  );
  assert.match(
    (await coinHere('inspect', known)).stdout,
    /^encoder: vit_small_patch16, 3 channels, 32×32 px; 150 tensors, cls_token, pos_embed, /m,
  );
  const { stdout, code } = await coinHere('inspect', 'test/golden/checkpoints/mae_zip.pth');
  assert.is(code, 0);
  assert.match(stdout, /^encoder: of no known architecture; 18 tensors, /m);
});

test('a name that would move the cursor is shown by its number', async () => {
  const path = await save('names.pth', torchZip({ '\u001b[2Jconv1\r': tensor([1], () => 1) }));
  assert.match((await coinHere('inspect', path)).stdout, /^\\x1b\[2Jconv1\\x0d +F32/m);
});

test('train takes the architecture from the tensors, and tells what it took and left', async () => {
  const path = await save('train.pth.tar', torchZip(moco));
  const { code, stderr } = await coinHere(
    ...['train', '--data', data, '--weights', path, '--method', 'ce-tuning', '--epochs', '1', '--batch', '9'],
    ...['--out', join(folder, 'train')],
  );
  assert.is(code, 0, stderr);
  assert.match(stderr, /train\.pth\.tar holds a resnet8 with --width 4 --stem halving, by its tensors\.$/m);
  assert.match(stderr, /train\.pth\.tar \(PyTorch\), for the 50 tensors of the model:$/m);
  assert.match(stderr, /^ +50 matched: module\.encoder_q\.\* \(50\)$/m);
  assert.match(
    stderr,
    /^ +52 not used: module\.encoder_q\.fc\.0\.weight, module\.encoder_k\.\* \(50\), module\.queue$/m,
  );
});

test('what does not fit is told in a table before it is refused', async () => {
  const path = await save('partial.pth', torchLegacy({ ...named('backbone', 0), 'backbone.layer4.0.bn2.bias': 7 }));
  const { code, stderr } = await coinHere(
    ...[
      'train',
      '--data',
      data,
      '--weights',
      path,
      '--width',
      '4',
      '--stem',
      'imagenet',
      '--batch',
      '9',
      '--out',
      join(folder, 'no'),
    ],
  );
  assert.is(code, 1);
  assert.match(stderr, /^ +1 missing: encoder\.layer4\.0\.bn2\.bias$/m);
  assert.match(stderr, /^ +1 of another shape: encoder\.conv1\.weight \[4, 1, 3, 3\] and not \[4, 1, 7, 7\]$/m);
  assert.match(stderr, /^error: .*partial\.pth does not fit the model; is it another architecture\?/m);
});

test('convert writes what eval and others read, with a type of its own where it is told', async () => {
  const path = await save('convert.pth.tar', torchLegacy(moco));
  const out = join(folder, 'encoder.safetensors');
  assert.is((await coinHere('convert', path, '--encoder', '--dtype', 'BF16', '--out', out)).code, 0);
  const { tensors, metadata } = readSafetensors(new Uint8Array(await readFile(out)), out);
  assert.equal(metadata, { format: 'pt', arch: 'resnet8', width: '4', stem: 'halving', channels: '1' });
  assert.equal([...tensors.keys()].sort(), store.entries.map(({ name }) => name).sort());
  const weight = tensors.get('encoder.conv1.weight') as HostTensor;
  assert.is(weight.dtype, 'BF16');
  // Of 0.1 + 0.01 sin 1 = 0.108415 the nearest is 0x3dde.
  assert.is(toFloat32(weight)[1], 0.1083984375);
  const again = await coinHere('convert', path, '--out', out);
  assert.is(again.code, 1);
  assert.match(again.stderr, /^error: .*encoder\.safetensors is there already; take another --out, or --overwrite\.$/m);
  assert.is((await coinHere('convert', path, '--out', out, '--overwrite')).code, 0);
  const all = readSafetensors(new Uint8Array(await readFile(out)), out).tensors;
  assert.is(all.size, 102);
  assert.is(toFloat32(all.get('module.encoder_k.bn1.weight')!)[0], Math.fround(0.2));
});

test('a file without an encoder is not converted to one', async () => {
  const path = await save('other.pth', torchZip({ w: tensor([2], () => 1) }));
  const { code, stderr } = await coinHere('convert', path, '--encoder', '--out', join(folder, 'none.safetensors'));
  assert.is(code, 1);
  assert.match(stderr, /^error: .*other\.pth holds no tensor of an encoder that is known/m);
});

test.run();
