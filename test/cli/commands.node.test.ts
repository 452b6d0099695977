import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabelledImages } from '../../src/data/dataset.ts';
import { embeddedFolder, loadDataset } from '../../src/data/load.node.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { idx } from '../data/idx.ts';
import { assert, suite } from '../harness.ts';
import { coin } from './coin.ts';
import { coinHere } from './in_process.ts';

const test = suite('commands');

/** A resnet8 of this program's, which says so of itself. */
const CHECKPOINT = join('data', 'simclr.safetensors');

let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
  await mkdir(join(folder, 'empty'));
  await writeFile(join(folder, 'text.safetensors'), 'These are no weights.\n');
  await writeFile(join(folder, 'file'), '');
});
test.after(() => rm(folder, { recursive: true }));

const refused: [name: string, args: () => string[], message: RegExp][] = [
  [
    'an empty data folder',
    () => ['train', '--data', join(folder, 'empty')],
    /holds no data set that is known: it is empty; give a folder with a folder of images for each class\.$/m,
  ],
  [
    'a missing data folder',
    () => ['pretrain', '--data', join(folder, 'none')],
    /^error: The data .* cannot be read: it does not exist; check the path\.$/m,
  ],
  [
    'an α beyond 1',
    () => ['train', '--alpha', '1.5'],
    /'--alpha <share>' argument '1\.5' is invalid\. It must be a number from 0 to 1/,
  ],
  ['no epochs', () => ['demo', '--epochs', '0'], /'--epochs <n>' argument '0' is invalid/],
  ['a batch of a million', () => ['train', '--batch', '1000000'], /batch of 1000000 .* 5500 training images/],
  [
    'a text file as weights',
    () => ['train', '--weights', join(folder, 'text.safetensors')],
    /text\.safetensors is not a safetensors file/,
  ],
  [
    'missing weights',
    () => ['eval', '--weights', join(folder, 'none')],
    /weights .* cannot be read: it does not exist/,
  ],
  ['more labels than there are', () => ['train', '--labels', '600'], /class "T-shirt\/top" has 550 images, but 600/],
  ['an unknown method', () => ['train', '--method', 'magic'], /Allowed choices are ce-tuning, sl-ce-tuning, .* coin/],
  [
    'an unknown kernel',
    () => ['bench', 'step', '--candidate', 'matmul=magic'],
    /Candidates of matmul are subgroup, tile, register/,
  ],
  ['an unknown option', () => ['train', '--turbo'], /unknown option '--turbo'/],
  ['an unknown command', () => ['tune'], /unknown command 'tune'/],
  [
    'a text file as times of PyTorch',
    () => ['bench', '--pytorch', join(folder, 'text.safetensors')],
    /text\.safetensors is not JSON/,
  ],
  ...(
    [
      [['--method', 'ce-tuning', '--alpha', '0.5'], /^error: --alpha has no effect: CE-Tuning does not read it/],
      [['--method', 'ce-tuning', '--lambda', '0.5'], /--lambda has no effect/],
      [['--method', 'ce-tuning', '--temperature', '1'], /--temperature has no effect/],
      [['--method', 'ce-tuning', '--sup-con', 'paper'], /--sup-con has no effect/],
      [['--method', 'ce-tuning', '--projection', '8'], /--projection has no effect/],
      [['--method', 'scl', '--alpha', '0.7'], /--alpha has no effect: SCL does not read it/],
      [['--alpha', '1', '--lambda', '0.1'], /--lambda has no effect: COIN with --alpha 1 does not read it/],
      [['--alpha', '1', '--label-smoothing', '0.1'], /--label-smoothing has no effect: COIN with --alpha 1/],
      [['--partial'], /--partial has no effect without --weights; give both or none\./],
      [['--drop-path', '0.1'], /--drop-path has no effect: a resnet8 does not read it; leave it out/],
      [['--arch', 'vit_small_patch16', '--width', '8'], /--width has no effect: a vit_small_patch16 does not read it/],
      [['--weights', CHECKPOINT, '--arch', 'resnet18'], /--arch resnet18 contradicts data.simclr\.safetensors, which/],
      [['--weights', CHECKPOINT, '--width', '32'], /--width 32 contradicts .* holds a resnet8 with --width 16/],
      [['--weights', CHECKPOINT, '--stem', 'small'], /--stem small contradicts .* --stem halving/],
    ] as const
  ).map(([args, message]): [string, () => string[], RegExp] => [args.join(' '), () => ['train', ...args], message]),
  ...[
    ...['--candidates=kernels', '--rounds=3', '--limit=1', '--pytorch=x', '--json=x', '--save', '--profile'].map(
      (other) => ['bench', '--list', other],
    ),
    ...['--runs=2', '--profile'].map((other) => ['bench', 'step', '--plan', other]),
    ...['--compare=x', '--watch'].map((other) => ['kernel', '--write=x', other]),
    ['kernel', '--compare=x', '--watch'],
  ].map((args): [string, () => string[], RegExp] => {
    const [idle = '', beside = ''] = args
      .slice(-2)
      .reverse()
      .map((flag) => flag.replace(/=.*/, ''));
    return [
      args.join(' '),
      () => args,
      new RegExp(`^error: ${idle} has no effect beside ${beside}; leave one of them out\\.$`),
    ];
  }),
  ['a note that is not saved', () => ['bench', '--note', 'x'], /--note has no effect without --save/],
  [
    'a file where results should go',
    () => ['train', '--out', join(folder, 'file', 'runs')],
    /a file is in the way of its folder/,
  ],
];

for (const [name, args, message] of refused)
  test(`${name} is refused in one sentence`, async () => {
    const { code, stdout, stderr } = await coinHere(...args());
    assert.is(code, 1);
    assert.is(stdout, '');
    const lines = stderr
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('error: '));
    assert.is(lines.length, 1, stderr);
    assert.match(lines[0]!, message);
    assert.not.match(stderr, /^\s+at /m);
  });

test('a process that is refused something ends with exit code 1, and one that is asked for help with 0', async () => {
  const { code, stdout, stderr } = await coin('train', '--data', join(folder, 'empty'));
  assert.equal([code, stdout], [1, '']);
  assert.match(stderr, /^error: .*empty holds no data set that is known: it is empty/);
  assert.is((await coin('train', '--help')).code, 0);
});

test("each command has help, with the paper's defaults in that of train", async () => {
  for (const command of ['demo', 'train', 'pretrain', 'eval', 'doctor', 'conformance', 'gradcheck', 'bench'])
    assert.match((await coinHere(command, '--help')).stdout, new RegExp(`^Usage: coin ${command} `));
  const { stdout } = await coinHere('train', '--help');
  for (const line of [
    /--alpha [^(]*\(default:\s+0\.7\)/,
    /--lambda [^(]*\(default:\s+0\.1\)/,
    /--temperature [^(]*\(default:\s+0\.3\)/,
  ])
    assert.match(stdout, line);
});

test('train, then eval: log, results and a checkpoint with the names of PyTorch', async () => {
  const out = join(folder, 'run');
  const { train, test } = await loadDataset(embeddedFolder());
  const few = { ...test, pixels: test.pixels.subarray(0, 100 * 784), labels: test.labels.subarray(0, 100) };
  const own = await writeIdx('own', train, few, test.classes);
  const small = [
    '--data',
    own,
    '--labels',
    '2',
    '--batch',
    '10',
    '--accumulate',
    '1',
    '--epochs',
    '2',
    '--alpha',
    '0.5',
    '--width',
    '4',
    '--lr',
    '0.02',
    '--label-smoothing',
    '0.05',
  ];
  const trained = await coinHere('train', ...small, '--evaluate-every', '2', '--out', out);
  assert.is(trained.code, 0, trained.stderr);
  assert.match(trained.stdout, /^COIN +\d+\.\d\d/m);

  const events = (await readFile(join(out, 'coin.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(
    events.filter(({ type }) => type === 'stage').map(({ stage, epoch }) => [stage, epoch]),
    [
      ['contrastive initialization', 0],
      ['fine-tuning', 1],
    ],
  );
  const [result] = JSON.parse(await readFile(join(out, 'results.json'), 'utf8'));
  for (const key of ['method', 'top1', 's_dbw', 'scat', 'dens_bw', 'seconds', 'epochs', 'alpha', 'adapter'])
    assert.ok(key in result, key);
  const path = join(out, 'coin.safetensors');
  const { tensors, metadata } = readSafetensors(new Uint8Array(await readFile(path)), path);
  assert.equal(tensors.get('encoder.layer2.0.conv1.weight')?.shape, [8, 4, 3, 3]);
  assert.equal(tensors.get('classifier.weight')?.shape, [10, 32]);
  assert.is(metadata.epoch, '2');

  const [head] = events;
  assert.is(head.settings.label_smoothing, 0.05);
  for (const made of [head, result]) {
    assert.is(made.settings.lr, 0.02);
    assert.is(made.data.images, 20);
    assert.match(made.data.sha256, /^[0-9a-f]{64}$/);
    assert.match(made.version, /^\d+\.\d+\.\d+$/);
    assert.ok(made.adapter);
  }

  const { code, stdout } = await coinHere('eval', '--weights', path, '--data', own);
  assert.is(code, 0);
  assert.match(
    stdout,
    /^top-1 +[\d.]+ % of 100 images \(95 % interval [\d.]+–[\d.]+, Wilson\)\ntop-5 .*\nmean of the classes .*\nexpected calibration error .*\nS_Dbw/,
  );
  const [, top1] = /top-1 +([\d.]+) %/.exec(stdout) ?? [];
  assert.is(Number(top1), Number(result.top1.toFixed(2)));

  // The same test images beside others to train on, and with the classes in another order.
  const black = {
    ...train,
    pixels: new Uint8Array(20 * 784).fill(3),
    labels: Int32Array.from({ length: 20 }, (_, i) => i % 10),
  };
  const reversed = (images: typeof few) => ({ ...images, labels: images.labels.map((label) => 9 - label) });
  for (const [name, beside, tested, classes] of [
    ['black', black, few, test.classes],
    ['reversed', reversed(train), reversed(few), [...test.classes].reverse()],
  ] as const) {
    const data = await writeIdx(name, beside, tested, classes);
    assert.is((await coinHere('eval', '--weights', path, '--data', data)).stdout, stdout);
  }
  const other = await writeIdx('other', train, few, [...test.classes.slice(0, 9), 'Hat']);
  const { code: refusedCode, stderr } = await coinHere('eval', '--weights', path, '--data', other);
  assert.is(refusedCode, 1);
  assert.match(
    stderr,
    /^error: other \(test\) has the class "Hat", which .*coin\.safetensors does not know; its classes are /m,
  );
});

/** A data folder of four files. */
async function writeIdx(
  name: string,
  train: LabelledImages,
  test: LabelledImages,
  classes: readonly string[],
): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  for (const [split, { pixels, labels }] of Object.entries({ train, t10k: test })) {
    await writeFile(join(path, `${split}-images-idx3-ubyte`), idx([labels.length, 28, 28], pixels));
    await writeFile(join(path, `${split}-labels-idx1-ubyte`), idx([labels.length], labels));
  }
  await writeFile(join(path, 'classes.txt'), classes.join('\n'));
  return path;
}
