// A checkpoint used: classes of images, features, and the model in another program.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { compile } from '../../src/gpu/program/program.ts';
import { createModel } from '../../src/nn/model.ts';
import { createTape } from '../../src/tape/tape.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { loadState } from '../../src/weights/state_dict.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { cornerImages } from '../train/corners.ts';
import { joined, type TorchTensor, torchLegacy } from '../weights/torch_file.ts';
import { writeCorners } from './corner_data.ts';
import { coinHere } from './in_process.ts';

const test = suite('a checkpoint used');

const { pixels, labels } = cornerImages(9);
/** IDX files name none. */
const classes = ['class 0', 'class 1', 'class 2'];
let folder = '';
let weights = '';
let images = '';

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
  const data = await writeCorners(join(folder, 'data'));
  const { code, stderr } = await coinHere(
    ...['train', '--data', data, '--arch', 'resnet8', '--width', '4', '--method', 'ce-tuning', '--epochs', '3'],
    ...['--batch', '9', '--accumulate', '1', '--lr', '0.1', '--crop-scale', '0.9', '--out', join(folder, 'run')],
  );
  assert.is(code, 0, stderr);
  weights = join(folder, 'run', 'ce-tuning.safetensors');
  images = join(folder, 'images');
  await mkdir(join(images, 'more'), { recursive: true });
  for (let i = 0; i < 9; i++) {
    const raw = { width: 8, height: 8, channels: 1 } as const;
    const png = sharp(pixels.slice(64 * i, 64 * i + 64), { raw }).png();
    await png.toFile(join(images, i < 5 ? `${i}.png` : join('more', `${i}.png`)));
  }
});
test.after(() => rm(folder, { recursive: true }));

/** What the model makes of the images themselves: logits and features, from nothing but the file. */
async function reference() {
  const device = await testDevice();
  const { tensors, metadata } = readSafetensors(new Uint8Array(await readFile(weights)), weights);
  const [mean] = JSON.parse(metadata.mean!) as [number];
  const [std] = JSON.parse(metadata.std!) as [number];
  const model = createModel({ arch: 'resnet8', encoder: { width: 4, channels: 1 }, classes: 3, seed: 1 });
  await loadState(device, model.store.entries, tensors, weights);
  const tape = createTape(device.target, { grad: false });
  const features = model.encoder.forward(tape, tape.input('x', [9, 8, 8, 1]), false);
  tape.output('features', features);
  tape.output('logits', model.classifier(tape, features, false));
  const x = Float32Array.from(pixels, (value) => (value / 255 - mean) / std);
  return (await compile(device, tape)).run({ x }, ['features', 'logits']).read();
}

const close = (got: number, want: number) =>
  assert.ok(Math.abs(got - want) < 1e-4 * Math.max(1, Math.abs(want)), `${got}, not ${want}`);

test('predict gives the classes and probabilities that follow from the logits, as JSON and as CSV', async () => {
  const { logits } = await reference();
  const { code, stdout, stderr } = await coinHere('predict', '--weights', weights, '--format', 'json', images);
  assert.is(code, 0, stderr);
  const predictions = JSON.parse(stdout) as { image: string; classes: { name: string; probability: number }[] }[];
  assert.equal(
    predictions.map(({ image }) => image),
    Array.from({ length: 9 }, (_, i) => join(images, i < 5 ? `${i}.png` : join('more', `${i}.png`))),
  );
  for (const [i, { classes: told }] of predictions.entries()) {
    const own = [...logits.subarray(3 * i, 3 * i + 3)].map(Math.exp);
    const sum = own.reduce((a, b) => a + b);
    const want = own.map((value, c) => ({ name: classes[c]!, probability: value / sum }));
    want.sort((a, b) => b.probability - a.probability);
    assert.equal(
      told.map(({ name }) => name),
      want.map(({ name }) => name),
    );
    for (const [rank, { probability }] of told.entries()) close(probability, want[rank]!.probability);
  }
  const out = join(folder, 'predictions.csv');
  const written = await coinHere(
    'predict',
    '--weights',
    weights,
    '--format',
    'csv',
    '--top',
    '1',
    '--out',
    out,
    images,
  );
  assert.is(written.code, 0);
  const [head, first, ...rest] = (await readFile(out, 'utf8')).trim().split('\r\n');
  assert.is(head, 'image,class,probability');
  assert.is(first?.split(',')[1], predictions[0]!.classes[0]!.name);
  assert.is(rest.length, 8);
});

test('predict is right as often as eval says', async () => {
  const { stdout } = await coinHere('predict', '--weights', weights, '--top', '1', images);
  const lines = stdout.trim().split('\n');
  const right = lines.filter((line, i) => line.includes(`  ${classes[labels[i]!]} `)).length;
  const scored = await coinHere('eval', '--data', join(folder, 'data'), '--weights', weights);
  assert.is(Number(/top-1 +([\d.]+) %/.exec(scored.stdout)?.[1]), Number(((100 * right) / 9).toFixed(2)));
});

test('features are those of the encoder, as safetensors and as npy, with the images that they are of', async () => {
  const { features } = await reference();
  const out = join(folder, 'features.safetensors');
  const { code, stderr } = await coinHere('features', '--weights', weights, '--out', out, images);
  assert.is(code, 0, stderr);
  const { tensors, metadata } = readSafetensors(new Uint8Array(await readFile(out)), out);
  const got = tensors.get('features')!;
  assert.equal(got.shape, [9, 32]);
  for (const [i, value] of (got.data as Float32Array).entries()) close(value, features[i]!);
  assert.is((JSON.parse(metadata.images!) as string[])[5], join(images, 'more', '5.png'));
  const npy = join(folder, 'features.npy');
  assert.is((await coinHere('features', '--weights', weights, '--out', npy, images)).code, 0);
  const bytes = await readFile(npy);
  // https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
  assert.is(bytes.toString('latin1', 0, 8), '\x93NUMPY\x01\x00');
  const header = bytes.toString('latin1', 10, 10 + bytes.readUInt16LE(8));
  assert.match(header, /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(9, 32\), \} *\n$/);
  assert.is((10 + header.length) % 64, 0);
  assert.equal(
    bytes.subarray(10 + header.length),
    Buffer.from((got.data as Float32Array).buffer, got.data.byteOffset, got.data.byteLength),
  );
  assert.is(
    (await readFile(join(folder, 'features.npy.images.txt'), 'utf8')).split('\n')[5],
    join(images, 'more', '5.png'),
  );
  const wrong = await coinHere('features', '--weights', weights, '--out', join(folder, 'features.csv'), images);
  assert.match(wrong.stderr, /^error: --out .*features\.csv must end in \.safetensors or \.npy\.$/m);
});

test('features of a data set come with its labels', async () => {
  const { features } = await reference();
  const out = join(folder, 'labelled.safetensors');
  const own = ['features', '--weights', weights, '--data', join(folder, 'data')];
  const { code, stderr } = await coinHere(...own, '--out', out);
  assert.is(code, 0, stderr);
  const { tensors, metadata } = readSafetensors(new Uint8Array(await readFile(out)), out);
  for (const [i, value] of (tensors.get('features')!.data as Float32Array).entries()) close(value, features[i]!);
  assert.equal([...(tensors.get('labels')!.data as Int32Array)], [...labels]);
  assert.equal(JSON.parse(metadata.classes!), classes);
  const npy = join(folder, 'train.npy');
  assert.is((await coinHere(...own, '--split', 'train', '--out', npy)).code, 0);
  const lines = (await readFile(`${npy}.classes.txt`, 'utf8')).trim().split('\n');
  assert.is(lines.length, 27);
  assert.ok(lines.every((line) => classes.includes(line)));
  for (const [more, told] of [
    [[], /^error: Give either images, folders and archives, or a data set by --data\.$/m],
    [[images, '--split', 'train'], /^error: --split has no effect without --data; give both or none\.$/m],
  ] as const) {
    const refused = await coinHere('features', '--weights', weights, '--out', out, ...more);
    assert.is(refused.code, 1);
    assert.match(refused.stderr, told);
  }
});

test('export writes beside the checkpoint unless told where, and over nothing unless asked to', async () => {
  const beside = weights.replace(/safetensors$/, 'onnx');
  const { code, stdout } = await coinHere('export', '--weights', weights);
  assert.is(code, 0);
  assert.ok(stdout.includes(beside));
  const elsewhere = join(folder, 'elsewhere.onnx');
  assert.is((await coinHere('export', '--weights', weights, '--out', elsewhere)).code, 0);
  assert.equal(await readFile(beside), await readFile(elsewhere));
  await writeFile(beside, 'mine');
  const again = await coinHere('export', '--weights', weights);
  assert.is(again.code, 1);
  assert.match(again.stderr, /^error: .*\.onnx is there already; take another --out, or --overwrite\.$/m);
  assert.is(await readFile(beside, 'utf8'), 'mine');
  assert.is((await coinHere('export', '--weights', weights, '--overwrite')).code, 0);
  assert.equal(await readFile(beside), await readFile(elsewhere));
});

test('the commands that README shows of weights and of using a model run', async () => {
  const readme = await readFile('README.md', 'utf8');
  const [, ...sections] = readme.split(/^## /m);
  const { tensors } = readSafetensors(new Uint8Array(await readFile(weights)), weights);
  const moco = join(folder, 'moco.pth.tar');
  const state = [...tensors].map(([name, { shape, data }]): [string, TorchTensor] => [
    name.replace('encoder', 'module.encoder_q'),
    { dtype: 'F32', shape, bytes: () => new Uint8Array((data as Float32Array).slice().buffer) },
  ]);
  await writeFile(moco, joined(torchLegacy({ state_dict: Object.fromEntries(state) })));
  const stands: Record<string, string> = {
    'moco_v2_800ep_pretrain.pth.tar': moco,
    'runs/train/coin.safetensors': weights,
    'photo.jpg': join(images, '3.png'),
  };
  let ran = 0;
  for (const title of ['Weights', 'Use a model']) {
    const section = sections.find((text) => text.startsWith(`${title}\n`)) ?? '';
    const [, block = ''] = /```sh\n(.*?)```/s.exec(section) ?? [];
    for (const line of block.trim().split('\n')) {
      const [, , command = '', ...args] = line.replace(/ +#.*/, '').split(/ +/);
      const own = command === 'train' ? ['--epochs', '1', '--batch', '9', '--out', join(folder, 'readme')] : [];
      const given = args.map((word, i) => {
        if (args[i - 1] === '--out') return join(folder, word);
        return word === 'DIR' ? (command === 'train' ? join(folder, 'data') : images) : (stands[word] ?? word);
      });
      const { code, stderr } = await coinHere(command, ...given, ...own);
      assert.is(code, 0, `${line}\n${stderr}`);
      ran++;
    }
  }
  assert.is(ran, 7);
});

test('an image that cannot be read is named, all others are predicted, and the exit code tells', async () => {
  const bad = join(folder, 'bad.png');
  const photo = join(folder, 'photo, large.jpg');
  await writeFile(bad, 'no image');
  await sharp({ create: { width: 700, height: 300, channels: 3, background: 'teal' } })
    .jpeg()
    .toFile(photo);
  const { code, stdout, stderr } = await coinHere('predict', '--weights', weights, '--format', 'csv', bad, photo);
  assert.is(code, 1);
  assert.match(stderr, /^.*bad\.png is left out: it is a text\.$/m);
  assert.match(stderr, /^error: 1 of 2 images could not be read, as told above\.$/m);
  assert.match(stdout, /^".*photo, large\.jpg",class \d,0\.\d+\r$/m);
});

test('a checkpoint without a classifier, and a folder without images, are refused', async () => {
  const encoder = join(folder, 'encoder.safetensors');
  await coinHere('convert', weights, '--encoder', '--out', encoder);
  const without = await coinHere('predict', '--weights', encoder, images);
  assert.match(without.stderr, /^error: .*encoder\.safetensors does not say which classes it tells apart/m);
  const empty = await coinHere('predict', '--weights', weights, join(folder, 'run'));
  assert.match(empty.stderr, /^error: .*run has no image \(JPEG/m);
  assert.equal([without.code, empty.code], [1, 1]);
});

test.run();
