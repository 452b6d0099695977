import { spawnSync } from 'node:child_process';
import { appendFile, cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';
import { assert, skip, suite } from '../harness.ts';
import { coin } from './coin.ts';
import { writeCorners } from './corner_data.ts';
import { coinHere } from './in_process.ts';

const test = suite('resuming a run');

let folder = '';
let data = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
  data = await writeCorners(join(folder, 'data'));
});
test.after(() => rm(folder, { recursive: true }));

const EPOCHS = 6;
/** A run of 7 micro-batches an epoch, of which two are a step. */
const args = (out: string, ...more: string[]) => [
  ...['train', '--data', data, '--method', 'ce-tuning', '--width', '4', '--batch', '4', '--accumulate', '2'],
  ...['--epochs', `${EPOCHS}`, '--evaluate-every', '2', '--out', join(folder, out), ...more],
];

const bytesOf = (out: string, name = 'ce-tuning.safetensors') => readFile(join(folder, out, name));

/** What a run's results say, but for how long it took. */
async function resultsOf(out: string): Promise<unknown> {
  const [result] = JSON.parse(await readFile(join(folder, out, 'results.json'), 'utf8'));
  return { ...result, seconds: 0 };
}

const linesOf = async (out: string): Promise<Record<string, unknown>[]> =>
  (await readFile(join(folder, out, 'ce-tuning.jsonl'), 'utf8').catch(() => ''))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

test('a run that had ended is only looked at again', async () => {
  await coinHere(...args('ended', '--epochs', '1'));
  const before = [await bytesOf('ended'), await resultsOf('ended')];
  const { code, stdout } = await coinHere('train', '--resume', join(folder, 'ended'));
  assert.is(code, 0);
  assert.match(stdout, /^CE-Tuning +\S+/m);
  assert.equal([await bytesOf('ended'), await resultsOf('ended')], before);
});

test('a run is repeated by its own settings file', async () => {
  await coinHere(...args('first', '--epochs', '1', '--lr', '0.03', '--weight-decay', '0.002'));
  const config = join(folder, 'first', 'run.yaml');
  const { code, stderr } = await coinHere('train', '--config', config, '--out', join(folder, 'again'));
  assert.is(code, 0, stderr);
  assert.equal(await bytesOf('again'), await bytesOf('first'));
  assert.equal(await bytesOf('again', 'run.yaml'), await bytesOf('first', 'run.yaml'));
  // What is given besides counts more.
  await coinHere('train', '--config', config, '--out', join(folder, 'other'), '--lr', '0.3');
  assert.not.equal(await bytesOf('other'), await bytesOf('first'));
});

const refused: [why: string, settings: string | undefined, more: string[], told: RegExp][] = [
  ['no run', undefined, [], /^error: There is no run in \S+ that could go on: it does not exist; check the path\.$/m],
  [
    'no settings',
    '- 1',
    [],
    /^error: The settings \S+run\.yaml cannot be used: they are no list of "setting: value"\.$/m,
  ],
  ['no YAML', 'a: [', [], /^error: The settings \S+run\.yaml cannot be used: .+\.$/m],
  ['an unknown setting', 'learning-rate: 1', [], /cannot be used: coin train has no setting "learning-rate"\.$/m],
  ['a wrong number', 'lr: fast', [], /cannot be used: lr: it must be a number above 0\.$/m],
  ['a wrong choice', 'method: sgd', [], /cannot be used: method: Allowed choices are /m],
  ['a list', 'lr: [1, 2]', [], /cannot be used: lr: it must be one value, and is \[1,2\]\.$/m],
  [
    'a word for a switch',
    'partial: maybe',
    [],
    /cannot be used: partial: it must be true or false, and is "maybe"\.$/m,
  ],
  ["another command's", 'command: demo', [], /cannot be used: they are those of coin demo\.$/m],
  [
    'a setting besides',
    '{}',
    ['--lr', '1'],
    /^error: --lr cannot go with --resume: a run that goes on keeps its settings/m,
  ],
];
for (const [why, settings, more, told] of refused)
  test(`--resume of ${why} is refused in one sentence`, async () => {
    const path = await mkdtemp(join(folder, 'refused-'));
    if (settings !== undefined) await writeFile(join(path, 'run.yaml'), settings);
    const { code, stderr } = await coinHere(
      'train',
      '--resume',
      settings === undefined ? join(path, 'none') : path,
      ...more,
    );
    assert.is(code, 1);
    assert.match(stderr, told);
  });

test('a run does not go on with other data', async () => {
  const own = await writeCorners(join(folder, 'changing'));
  const out = join(folder, 'changed');
  await coinHere(...args('changed', '--epochs', '1', '--data', own));
  await writeCorners(own, 30);
  const { code, stderr } = await coinHere('train', '--resume', out);
  assert.is(code, 1);
  assert.match(stderr, /^error: \S+ce-tuning\.jsonl was made with other data, so CE-Tuning cannot go on from it/m);
});

test('a run goes on with the same data that lies elsewhere by now, and is saved after each epoch where that is asked', async () => {
  const own = await writeCorners(join(folder, 'before'));
  const out = join(folder, 'moved');
  await coinHere(...args('moved', '--epochs', '2', '--data', own, '--save-every', '1h,1epoch', '--keep', '20'));
  const states = (await readdir(out)).filter((name) => name.includes('-step-')).sort();
  assert.equal(
    states.map((name) => Number(name.match(/\d+/)?.[0])),
    [7, 14],
  );
  await rename(own, join(folder, 'after'));
  assert.is((await coinHere('train', '--resume', out)).code, 1);
  const { code, stderr } = await coinHere('train', '--resume', out, '--data', join(folder, 'after'));
  assert.is(code, 0, stderr);
  const refused = await coinHere('train', '--save-every', '1.5epochs');
  assert.match(refused.stderr, /It must be a time or a number of micro-batches or epochs, such as 5min/);
});

test('a state that is damaged is told, and the one before it taken', async () => {
  const out = join(folder, 'damaged');
  await coinHere(...args('damaged', '--epochs', '1', '--save-every', '2steps'));
  const whole = await bytesOf('damaged');
  const states = (await readdir(out)).filter((name) => name.includes('-step-')).sort();
  assert.is(states.length, 2);
  await writeFile(join(out, states[1]!), (await readFile(join(out, states[1]!))).subarray(0, 1000));
  const { code, stderr } = await coinHere('train', '--resume', out);
  assert.is(code, 0);
  assert.match(
    stderr,
    /ce-tuning-step-00000007\.safetensors cannot be gone on from \(.+\); the one before it is taken\.$/m,
  );
  assert.equal(await bytesOf('damaged'), whole);
});

test('what a killed program told after its last state is void, and half a line of it is cut off', async () => {
  const whole = 'told';
  await coinHere(...args(whole, '--epochs', '2', '--save-every', '2steps', '--keep', '20'));
  const out = join(folder, 'half-told');
  await cp(join(folder, whole), out, { recursive: true });
  const last = 'ce-tuning-step-00000006.safetensors';
  for (const name of await readdir(out))
    if ((name.includes('-step-') && name > last) || /^(results|report|ce-tuning\.safetensors)/.test(name))
      await rm(join(out, name));
  // It went on to the last evaluation, and was writing of what came then.
  const told = await linesOf(whole);
  await writeFile(join(out, 'ce-tuning.jsonl'), `${told.map((line) => JSON.stringify(line)).join('\n')}\n{"type":"ep`);
  const { code, stderr } = await coinHere('train', '--resume', out);
  assert.is(code, 0, stderr);
  assert.not.match(await readFile(join(out, 'ce-tuning.jsonl'), 'utf8'), /"ep\{/);
  assert.equal(await resultsOf('half-told'), await resultsOf(whole));
  assert.equal(await bytesOf('half-told'), await bytesOf(whole));
  assert.ok((await linesOf('half-told')).length > told.length);
});

test('a loss that explodes ends a run in one sentence, and leaves the last state as it was', async () => {
  const out = join(folder, 'exploding');
  await coinHere(...args('exploding', '--epochs', '2', '--save-every', '2steps', '--keep', '20'));
  const path = join(out, 'ce-tuning-step-00000006.safetensors');
  const { tensors, metadata } = readSafetensors(new Uint8Array(await readFile(path)), path);
  (tensors.get('classifier.weight')!.data as Float32Array).fill(1e30);
  await writeFile(path, writeSafetensors(tensors, metadata));
  // As if it had been killed after that state.
  const lines = (await linesOf('exploding')).map((line) => JSON.stringify(line));
  await writeFile(
    join(out, 'ce-tuning.jsonl'),
    `${lines.slice(0, lines.findIndex((line) => line.includes('-00000006.')) + 1).join('\n')}\n`,
  );
  const before = await readFile(path);
  const { code, stderr } = await coinHere('train', '--resume', out);
  assert.is(code, 1);
  assert.match(
    stderr,
    /^error: ce-tuning: the loss \S+ became \S+ in epoch \d \(fine-tuning, .+\); try a lower learning rate\.$/m,
  );
  assert.equal(await readFile(path), before);
});

test('a full disk and a read-only one end a run in one sentence, and it goes on once there is room', async () => {
  await coinHere(...args('unbroken'));
  const out = await mkdtemp(join(folder, 'small-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', out]).status !== 0)
    skip('a file system of its own cannot be mounted here');
  try {
    const running = coinHere(...args('unused', '--save-every', '2steps', '--out', out));
    // Whatever is left is taken as soon as a state is saved.
    while (!(await readdir(out)).some((name) => name.endsWith('4.safetensors')))
      await new Promise((done) => setTimeout(done, 1));
    for (let size = 2 ** 20; size >= 1; size /= 2)
      await appendFile(join(out, 'filler'), Buffer.alloc(size)).catch(() => {});
    const { code, stderr } = await running;
    assert.is(code, 1);
    assert.match(
      stderr,
      /^error: The (checkpoint|log) \S+ cannot be written: the disk is full; make room or take another path\.$/m,
    );
    assert.not.match(stderr, /^ +at /m);
    await rm(join(out, 'filler'));

    spawnSync('mount', ['-o', 'remount,ro', out]);
    const locked = await coinHere('train', '--resume', out);
    assert.is(locked.code, 1);
    assert.match(
      locked.stderr,
      /^error: The folder \S+ cannot be written to: the file system is read-only; take another path\.$/m,
    );
    spawnSync('mount', ['-o', 'remount,rw', out]);

    const resumed = await coinHere('train', '--resume', out);
    assert.is(resumed.code, 0, resumed.stderr);
    assert.equal(await readFile(join(out, 'ce-tuning.safetensors')), await bytesOf('unbroken'));
  } finally {
    spawnSync('umount', [out]);
  }
});

test('a run whose folder is in use does not go on', async () => {
  await coinHere(...args('used', '--epochs', '1'));
  await writeFile(
    join(folder, 'used', 'run.lock'),
    JSON.stringify({ pid: process.ppid, host: (await import('node:os')).hostname() }),
  );
  const { code, stderr } = await coin('train', '--resume', join(folder, 'used'));
  assert.is(code, 1);
  assert.match(stderr, /^error: Another program writes to the folder \S+used; /m);
});

test.run();
