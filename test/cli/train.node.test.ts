import { watch } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { presetOf } from '../../src/data/augment/presets.ts';
import { createDataset } from '../../src/data/dataset.ts';
import { loadDataset } from '../../src/data/load.node.ts';
import { stratifiedSubset, subset } from '../../src/data/sampler.ts';
import { ceTuning } from '../../src/methods/ce_tuning.ts';
import { coin } from '../../src/methods/coin.ts';
import { simclr } from '../../src/methods/simclr.ts';
import { createModel, type Model } from '../../src/nn/model.ts';
import { sgd } from '../../src/optim/sgd.ts';
import type { TrainConfig } from '../../src/train/config.ts';
import type { TrainEvent } from '../../src/train/events.ts';
import { train } from '../../src/train/trainer.ts';
import type { HostTensor } from '../../src/weights/host-tensor.ts';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';
import { loadState, saveState } from '../../src/weights/state_dict.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { writeCorners } from './corner_data.ts';
import { coinHere, coinOn } from './in_process.ts';
import { readmeCommand } from './readme_command.ts';

const test = suite('train and pretrain');

let folder = '';
let data = '';
let weights = '';
/** Of another width than the default, so that it has to be told from the file. */
const encoder = { width: 4, channels: 1 };
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
  data = await writeCorners(join(folder, 'data'));
  weights = join(folder, 'start.safetensors');
  const { store } = createModel({ arch: 'resnet8', encoder, seed: 9 });
  const metadata = { arch: 'resnet8', width: '4', channels: '1' };
  await writeFile(weights, writeSafetensors(await saveState(await testDevice(), store.entries), metadata));
});
test.after(() => rm(folder, { recursive: true }));

const readModel = async (path: string) => readSafetensors(new Uint8Array(await readFile(path)), path);

const eventsOf = async (path: string): Promise<TrainEvent[]> =>
  (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** What the trainer itself makes of a model under these settings. */
async function trained(
  model: Model,
  settings: Omit<TrainConfig, 'model' | 'data' | 'optimizer'>,
  optimizer: { momentum: number; weight_decay: number; nesterov?: boolean },
): Promise<ReadonlyMap<string, HostTensor>> {
  const device = await testDevice();
  const images = createDataset(device.target, (await loadDataset(data)).train);
  const config = {
    ...settings,
    model,
    data: images,
    optimizer: sgd(model.store.arena, { nesterov: true, ...optimizer }),
  };
  for await (const event of train(device, config)) if (event.type === 'end') break;
  return saveState(device, model.store.entries);
}

function assertSameBits(got: ReadonlyMap<string, HostTensor>, want: ReadonlyMap<string, HostTensor>): void {
  assert.equal([...got.keys()].sort(), [...want.keys()].sort());
  for (const [name, tensor] of want) assert.equal(got.get(name), tensor, name);
}

test('train does what its options say: the trainer makes the same bits of them', async () => {
  const out = join(folder, 'train');
  const { code, stderr } = await coinHere(
    ...['train', '--data', data, '--weights', weights, '--method', 'coin', '--epochs', '3', '--alpha', '0.3'],
    ...[
      '--lambda',
      '0.7',
      '--temperature',
      '0.6',
      '--sup-con',
      'paper',
      '--label-smoothing',
      '0.2',
      '--projection',
      '8',
    ],
    ...['--batch', '4', '--accumulate', '2', '--lr', '0.03', '--momentum', '0.4', '--weight-decay', '0.02'],
    ...['--crop-scale', '0.6', '--labels', '6', '--seed', '5', '--evaluate-every', '2', '--out', out],
  );
  assert.is(code, 0, stderr);
  const device = await testDevice();
  const { train: images } = await loadDataset(data);
  const model = createModel({ arch: 'resnet8', encoder, projector: { out: 8 }, classes: 3, seed: 5 });
  const own = model.store.entries.filter(({ name }) => name.startsWith('encoder.'));
  await loadState(device, own, (await readModel(weights)).tensors, weights);
  const want = await trained(
    model,
    {
      method: coin,
      options: { epochs: 3, alpha: 0.3, lambda: 0.7, temperature: 0.6, variant: 'paper', label_smoothing: 0.2 },
      indices: stratifiedSubset(images.labels, images.classes, 6, 5),
      batch: 4,
      accumulate: 2,
      lr: 0.03,
      seed: 5,
      augmentation: { crop: { scale: [0.6, 1] }, flip: 0.5 },
    },
    { momentum: 0.4, weight_decay: 0.02 },
  );
  const { tensors, metadata } = await readModel(join(out, 'coin.safetensors'));
  assertSameBits(tensors, want);
  assert.equal([metadata.arch, metadata.width, metadata.epoch], ['resnet8', '4', '3']);
  const events = await eventsOf(join(out, 'coin.jsonl'));
  const [first] = events.flatMap((event) => (event.type === 'epoch' ? [event] : []));
  const told = first!.contrast!;
  const [head, ...rows] = (await readFile(join(out, 'coin.csv'), 'utf8')).trim().split('\n');
  const column = (name: string) => head!.split(',').indexOf(name);
  assert.is(Number(rows[1]!.split(',')[column('contrast_uniformity')]), told.uniformity);
  assert.ok(Number(rows[0]!.split(',')[column('knn')]) > 0);
  const [board = ''] = (await readdir(join(out, 'coin.tensorboard'))).map((name) =>
    join(out, 'coin.tensorboard', name),
  );
  assert.match(await readFile(board, 'latin1'), /contrast\/alignment/);
  assert.equal(
    events.flatMap((event) => (event.type === 'evaluation' ? [event.epoch] : [])),
    [0, 2, 3],
  );
});

test('the architecture is that of the checkpoint, whatever is the default', async () => {
  const path = join(folder, 'resnet18.safetensors');
  const { store } = createModel({ arch: 'resnet18', encoder, seed: 9 });
  const metadata = { arch: 'resnet18', width: '4', channels: '1' };
  await writeFile(path, writeSafetensors(await saveState(await testDevice(), store.entries), metadata));
  const noDevice = () => Promise.reject(new Error('There is no device.'));
  const { stderr } = await coinOn(
    ...([noDevice, 'train', '--data', data, '--weights', path, '--batch', '9', '--out', join(folder, 'none')] as const),
  );
  assert.match(stderr, /^encoder: resnet18, from .*resnet18\.safetensors$/m);
  assert.match(stderr, /^error: There is no device\.$/m);
});

test('pretrain does what its options say: the trainer makes the same bits of them', async () => {
  const out = join(folder, 'pretrain');
  const { code, stderr } = await coinHere(
    ...[
      'pretrain',
      '--data',
      data,
      '--images',
      '20',
      '--arch',
      'resnet8',
      '--width',
      '4',
      '--stem',
      'small',
      '--projection',
      '8',
    ],
    ...['--epochs', '2', '--batch', '7', '--lr', '0.03', '--momentum', '0.4', '--weight-decay', '0.02', '--seed', '5'],
    ...['--temperature', '0.6', '--crop-scale', '0.6', '--brightness', '0.3', '--contrast', '0.2', '--out', out],
  );
  assert.is(code, 0, stderr);
  const want = await trained(
    createModel({ arch: 'resnet8', encoder: { ...encoder, stem: 'small' }, projector: { out: 8 }, seed: 5 }),
    {
      method: simclr,
      options: { epochs: 2, alpha: 0, lambda: 0, temperature: 0.6, variant: 'paper', label_smoothing: 0 },
      indices: subset(27, 20, 5),
      batch: 7,
      drop_last: true,
      lr: 0.03,
      schedule: { floor: 0.03 * 0.1 ** 3 },
      seed: 5,
      augmentation: {
        ...{ crop: { scale: [0.6, 1] }, flip: 0.5, grayscale: 0.2, jitter: 0.8 },
        ...{ brightness: 0.3, contrast: 0.2, saturation: 0.4, hue: 0.1 },
      },
    },
    { momentum: 0.4, weight_decay: 0.02, nesterov: false },
  );
  const { tensors, metadata } = await readModel(join(out, 'simclr.safetensors'));
  assertSameBits(tensors, want);
  assert.is(metadata.stem, 'small');
});

test("MoCo's checkpoint has its authors' names, and train reads it by their rule", async () => {
  const out = join(folder, 'moco');
  const { code, stderr, stdout } = await coinHere(
    ...(await readmeCommand('--method moco', { DIR: data, 'runs/moco': out })),
    ...['--width', '4', '--projection', '8', '--epochs', '1', '--batch', '8', '--groups', '2', '--queue', '20'],
  );
  assert.is(code, 0, stderr);
  assert.match(stdout, /k-NN \(%\)/);
  assert.match(stdout, /^Random encoder/m);
  assert.match(stdout, /images\/s; steps waited for data 0\.0 % of the time/);
  assert.match(await readFile(join(out, 'report.html'), 'utf8'), /k-NN accuracy over epochs: MoCo v2 goes from/);
  const { tensors } = await readModel(join(out, 'moco.safetensors'));
  const encoder = ['conv1.weight', 'bn1.running_var', 'layer2.0.downsample.0.weight', 'fc.0.weight', 'fc.2.bias'];
  for (const side of ['encoder_q', 'encoder_k'])
    for (const name of encoder) assert.ok(tensors.has(`module.${side}.${name}`), `${side}.${name}`);
  assert.ok([...tensors.keys()].every((name) => /^module\.(encoder_[qk]\.|queue$|queue_ptr$)/.test(name)));
  assert.equal(tensors.get('module.queue')!.shape, [8, 20]);
  // Three steps of 8 keys go once round the queue.
  assert.equal(tensors.get('module.queue_ptr'), { dtype: 'I64', shape: [1], data: BigInt64Array.of(4n) });
  const tuned = await coinHere(
    ...(await readmeCommand('runs/moco/moco.safetensors', {
      ...{ DIR: data, 'runs/moco/moco.safetensors': join(out, 'moco.safetensors') },
    })),
    ...['--method', 'ce-tuning', '--epochs', '1'],
    ...['--batch', '9', '--accumulate', '1', '--out', join(folder, 'tuned')],
  );
  assert.is(tuned.code, 0, tuned.stderr);
  assert.match(tuned.stderr, /moco\.safetensors/);
});

test('an option that the method of pre-training does not read is refused', async () => {
  const { code, stderr } = await coinHere('pretrain', '--data', data, '--queue', '8', '--out', join(folder, 'idle'));
  assert.is(code, 1);
  assert.match(stderr, /^error: --queue has no effect: SimCLR does not read it; leave it out\.$/m);
});

test('a recipe of augmentation is told, used, and kept with the checkpoint; mixing gives way to pairs of a class', async () => {
  const out = join(folder, 'recipe');
  const run = ['train', '--data', data, '--weights', weights, '--augment', 'mae', '--batch', '6', '--epochs', '1'];
  const { code, stderr } = await coinHere(
    ...[...run, '--method', 'ce-tuning', '--image-size', '10', '--accumulate', '1', '--labels', '6', '--out', out],
  );
  assert.is(code, 0, stderr);
  assert.match(
    stderr,
    /^training views: random resized crop 10 × 10 .*\(bicubic\), .*RandAugment .*, mixup α 0\.8, cutmix/m,
  );
  assert.match(stderr, /^evaluation views: resize to 10 × 10 /m);
  const { train: images } = await loadDataset(data);
  const model = createModel({ arch: 'resnet8', encoder, classes: 3, seed: 42 });
  const own = model.store.entries.filter(({ name }) => name.startsWith('encoder.'));
  await loadState(await testDevice(), own, (await readModel(weights)).tensors, weights);
  const want = await trained(
    model,
    {
      method: ceTuning,
      options: { epochs: 1, alpha: 0, lambda: 0, temperature: 1, variant: 'paper', label_smoothing: 0 },
      indices: stratifiedSubset(images.labels, images.classes, 6, 42),
      batch: 6,
      lr: 0.01,
      seed: 42,
      augmentation: presetOf('mae', 10).train,
    },
    { momentum: 0.9, weight_decay: 1e-4 },
  );
  const { tensors, metadata } = await readModel(join(out, 'ce-tuning.safetensors'));
  assertSameBits(tensors, want);
  assert.equal(JSON.parse(metadata.view!), { size: [10, 10] });
  const other = [...run, '--method', 'scl', '--image-size', '4', '--labels', '4', '--out', join(folder, 'pairs')];
  const scl = await coinHere(...other);
  assert.is(scl.code, 0, scl.stderr);
  assert.match(scl.stderr, /images are not mixed in fine-tuning, whose contrastive loss needs pairs of one class/);
  // The images, of 8 px, are larger than the views.
  assert.match(scl.stderr, /^evaluation views: resize to 5 \(bicubic\), center crop 4 × 4$/m);
  const refused = await coinHere(...run, '--crop-scale', '0.5');
  assert.is(refused.code, 1);
  assert.match(refused.stderr, /^error: --crop-scale has no effect beside --augment; leave one of them out\.$/m);
});

/** A run of a moment. */
const quick = (out: string, ...more: string[]) => [
  ...['train', '--data', data, '--weights', weights, '--method', 'scl', '--batch', '9', '--accumulate', '1'],
  ...['--projection', '8', '--out', join(folder, out), ...more],
];

test('each file of a run but the log is written beside its place first', async () => {
  const out = join(folder, 'whole');
  await coinHere(...quick('whole', '--epochs', '1'));
  const seen = new Set<string>();
  const watcher = watch(out, (_event, name) => seen.add(String(name)));
  const { code } = await coinHere(...quick('whole', '--epochs', '1', '--overwrite', '--profile'));
  await new Promise((done) => setTimeout(done, 50));
  watcher.close();
  assert.is(code, 0);
  for (const name of ['scl.safetensors', 'report.html', 'results.json', 'scl-fine-tuning.trace.json'])
    assert.ok(seen.has(`${name}.${process.pid}.part`), `${name} was written in place; seen were ${[...seen]}`);
});

test('a second run into the folder of another leaves it as it is', async () => {
  const first = await coinHere(...quick('mine', '--epochs', '1'));
  assert.is(first.code, 0, first.stderr);
  const before = await readFile(join(folder, 'mine', 'scl.safetensors'));
  const { code, stderr } = await coinHere(...quick('mine', '--epochs', '1', '--seed', '7'));
  assert.is(code, 1);
  assert.match(
    stderr,
    /^error: The folder .*mine holds another run \(report\.html and 7 more\); take another --out, or/m,
  );
  assert.equal(await readFile(join(folder, 'mine', 'scl.safetensors')), before);
});

test('an interrupt saves the model of that moment, and tells where', async () => {
  const log = join(folder, 'stopped', 'scl.jsonl');
  const run = coinHere(...quick('stopped', '--epochs', '500', '--evaluate-every', '500'));
  // One read after the other: a second signal would end the tests.
  while (!(await readFile(log, 'utf8').catch(() => '')).includes('"type":"epoch"'))
    await new Promise((done) => setTimeout(done, 5));
  process.emit('SIGTERM', 'SIGTERM');
  const { code, stderr } = await run;
  assert.is(code, 1);
  const path = join(folder, 'stopped', 'scl.safetensors');
  assert.match(
    stderr,
    new RegExp(`^error: Interrupted after \\d+ epochs; the model so far is in ${path}, and --resume goes on\\.$`, 'm'),
  );
  // Without the lock, which is given back.
  const left = (await readdir(join(folder, 'stopped'))).map((name) => name.replace(/\d{8}/, 'N'));
  assert.equal([...new Set(left)].sort(), [
    ...['run.yaml', 'scl-step-N.safetensors', 'scl.csv', 'scl.jsonl', 'scl.safetensors', 'scl.tensorboard'],
  ]);
  const { tensors } = await readModel(path);
  assert.not.equal(tensors.get('encoder.conv1.weight'), (await readModel(weights)).tensors.get('encoder.conv1.weight'));
});

test('an interrupt before the first step saves nothing', async () => {
  const interrupt = setInterval(() => {
    if (process.listenerCount('SIGINT') > listeners) process.emit('SIGINT', 'SIGINT');
    else return;
    clearInterval(interrupt);
  }, 0);
  const listeners = process.listenerCount('SIGINT');
  const { code, stderr } = await coinHere(...quick('early', '--epochs', '2'));
  clearInterval(interrupt);
  assert.is(code, 1);
  assert.match(stderr, /^error: Interrupted before the first step, so there is no model to save\.$/m);
  await readFile(join(folder, 'early', 'scl.safetensors')).then(
    () => assert.unreachable('a model was saved'),
    () => {},
  );
});

test('eval gives the score that train ended with', async () => {
  const out = join(folder, 'scored');
  assert.is((await coinHere(...quick('scored', '--epochs', '2'))).code, 0);
  const [result] = JSON.parse(await readFile(join(out, 'results.json'), 'utf8'));
  const [scored, given] = [join(folder, 'eval'), ['--data', data, '--weights', join(out, 'scl.safetensors')]];
  const { code, stdout, stderr } = await coinHere('eval', ...given, '--probe', '--out', scored);
  assert.is(code, 0, stderr);
  const [again] = JSON.parse(await readFile(join(scored, 'results.json'), 'utf8'));
  for (const name of [
    'method',
    'top1',
    'ece',
    'mean_per_class',
    'confusion',
    'per_class',
    'classes',
    's_dbw',
    'epochs',
  ])
    assert.equal(again[name], result[name], name);
  assert.is(
    result.confusion.flat().reduce((sum: number, count: number) => sum + count, 0),
    9,
  );
  assert.ok(again.probe > 90, `the features tell three corners apart: ${again.probe}`);
  assert.match(stdout, /^linear probe {2}[\d.]+ % of 9 images .*\nk-NN {2}/m);
  assert.match(stdout, /^Class +images +right \(%\) +mostly taken for$/m);
  assert.match(await readFile(join(scored, 'report.html'), 'utf8'), /SCL reaches/);
  assert.is(Number(/top-1 +([\d.]+) %/.exec(stdout)?.[1]), Number(result.top1.toFixed(2)));
  assert.is(Number(/S_Dbw +([\d.]+) /.exec(stdout)?.[1]), Number(result.s_dbw.toFixed(4)));
});

test.run();
