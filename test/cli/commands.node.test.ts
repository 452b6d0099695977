import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { assert, suite } from '../harness.ts';
import { coin } from './coin.ts';

const test = suite('commands');

let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
  await mkdir(join(folder, 'empty'));
  await writeFile(join(folder, 'text.safetensors'), 'These are no weights.\n');
  await writeFile(join(folder, 'file'), '');
});
test.after(() => rm(folder, { recursive: true }));

const refused: [name: string, args: () => string[], message: RegExp][] = [
  ['an empty data folder', () => ['train', '--data', join(folder, 'empty')], /data folder .* is empty; it must hold/],
  ['a missing data folder', () => ['pretrain', '--data', join(folder, 'none')], /data folder .* does not exist/],
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
  ['an unknown method', () => ['train', '--method', 'magic'], /Allowed choices are ce-tuning, scl, coin/],
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
  [
    'a file where results should go',
    () => ['train', '--out', join(folder, 'file', 'runs')],
    /a file is in the way of its folder/,
  ],
];

for (const [name, args, message] of refused)
  test(`${name} is refused in one sentence`, async () => {
    const { code, stdout, stderr } = await coin(...args());
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

test("each command has help, with the paper's defaults in that of train", async () => {
  for (const command of ['demo', 'train', 'pretrain', 'eval', 'devices', 'conformance', 'gradcheck', 'bench'])
    assert.match((await coin(command, '--help')).stdout, new RegExp(`^Usage: coin ${command} `));
  const { stdout } = await coin('train', '--help');
  for (const line of [
    /--alpha [^(]*\(default:\s+0\.7\)/,
    /--lambda [^(]*\(default:\s+0\.1\)/,
    /--temperature [^(]*\(default:\s+0\.3\)/,
  ])
    assert.match(stdout, line);
});

test('train, then eval: log, results and a checkpoint with the names of PyTorch', async () => {
  const out = join(folder, 'run');
  const small = [
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
  ];
  const trained = await coin('train', ...small, '--evaluate-every', '2', '--out', out);
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

  const { code, stdout } = await coin('eval', '--weights', path);
  assert.is(code, 0);
  const [, top1] = /top-1 +([\d.]+) %/.exec(stdout) ?? [];
  assert.is(Number(top1), Number(result.top1.toFixed(2)));
});
