import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FolderOptions, inRunFolder, type RunFolder } from '../../src/cli/run_folder.node.ts';
import { assert, suite } from '../harness.ts';
import { captured } from './in_process.ts';

const test = suite('run folder');

let root = '';
const home = process.cwd();
test.before.each(async () => {
  root = await mkdtemp(join(tmpdir(), 'runs-'));
  process.chdir(root);
});
test.after.each(async () => {
  process.chdir(home);
  await rm(root, { recursive: true });
});

/** Where a run that writes one file goes. */
async function runIn(options: FolderOptions, write: (folder: RunFolder) => Promise<void> = train): Promise<string> {
  let path = '';
  await inRunFolder('train', options, async (folder) => {
    path = folder.path;
    await write(folder);
  });
  return path;
}

const train = async ({ path, begin }: RunFolder) => {
  await begin();
  await writeFile(join(path, 'coin.safetensors'), 'weights');
};

const refusal = (action: Promise<unknown>) =>
  action.then(
    () => 'nothing was refused',
    (error: Error) => error.message,
  );

/** All that a run can leave. */
const RESULTS = ['coin.jsonl', 'coin.safetensors', 'report.html', 'results.json', 'scl-fine-tuning.trace.json'];

async function otherRun(path: string, names: readonly string[] = RESULTS): Promise<void> {
  await mkdir(path, { recursive: true });
  for (const name of names) await writeFile(join(path, name), 'of another run');
}

test('without --out each run gets a folder of its own, and says so', async () => {
  const { result, stderr } = await captured(async () => [await runIn({}), await runIn({}), await runIn({})]);
  assert.equal(result, ['runs/train', 'runs/train-2', 'runs/train-3']);
  assert.match(stderr, /^runs\/train holds another run; this one goes to runs\/train-2\.$/m);
  for (const path of result) assert.equal(await readdir(path), ['coin.safetensors']);
});

for (const name of [
  ...RESULTS,
  'run.yaml',
  'scl-step-00000120.safetensors',
  'simclr.safetensors',
  'ce-tuning.jsonl',
  'scl.safetensors',
])
  test(`a folder with ${name} of another run is refused and stays as it is`, async () => {
    await otherRun('mine', [name]);
    assert.is(
      await refusal(runIn({ out: 'mine' })),
      `The folder mine holds another run (${name}); take another --out, or give --overwrite to replace it.`,
    );
    assert.equal(await readdir('mine'), [name]);
  });

test('a folder with files that no run writes is taken, and they stay', async () => {
  const own = ['notes.txt', 'my-model.safetensors', 'data.jsonl', 'coin.safetensors.bak'];
  await otherRun('mine', own);
  assert.is(await runIn({ out: 'mine' }), 'mine');
  assert.equal((await readdir('mine')).sort(), [...own, 'coin.safetensors'].sort());
});

test('--overwrite removes all files of the other run, parts of files too, and nothing else', async () => {
  await otherRun('mine', [...RESULTS, 'coin.safetensors.4711.part', 'notes.txt']);
  await runIn({ out: 'mine', overwrite: true });
  assert.equal((await readdir('mine')).sort(), ['coin.safetensors', 'notes.txt']);
  assert.is(await readFile('mine/coin.safetensors', 'utf8'), 'weights');
});

test('--overwrite without --out replaces the first folder', async () => {
  await otherRun('runs/train');
  assert.is(await runIn({ overwrite: true }), 'runs/train');
  assert.equal(await readdir('runs/train'), ['coin.safetensors']);
});

test('a run that is refused before it begins removes nothing and leaves no folder', async () => {
  await otherRun('mine');
  const broken = async () => {
    throw new Error('The weights are none.');
  };
  assert.is(await refusal(runIn({ out: 'mine', overwrite: true }, broken)), 'The weights are none.');
  assert.equal(await readdir('mine'), RESULTS);
  assert.is(await refusal(runIn({ out: 'new' }, broken)), 'The weights are none.');
  assert.not.ok(existsSync('new'));
});

test('two runs do not write to one folder at the same time, nor with --overwrite', async () => {
  const locked =
    /^Another program writes to the folder mine; take another --out, or remove mine\/run\.lock if that program is gone\.$/;
  await runIn({ out: 'mine' }, async () => {
    assert.match(await refusal(runIn({ out: 'mine' })), locked);
    assert.match(await refusal(runIn({ out: 'mine', overwrite: true })), locked);
  });
  await captured(() =>
    runIn({}, async () => {
      assert.is(await runIn({}), 'runs/train-2');
    }),
  );
});

const holders: [who: string, holder: unknown, isFree: boolean, minutes?: number][] = [
  // The largest number that Linux gives is 2^22.
  ['a program that has ended', { pid: 2 ** 22 + 1, host: hostname() }, true],
  ['a program that runs', { pid: process.ppid, host: hostname() }, false],
  ['a program on another machine', { pid: 2 ** 22 + 1, host: 'elsewhere' }, false],
  ['a program on another machine that is silent', { pid: 1, host: 'elsewhere' }, true, 4],
  ['a program that runs and is silent', { pid: process.ppid, host: hostname() }, false, 4],
  ['a program that is just writing it', undefined, false],
];
for (const [who, holder, isFree, minutes = 0] of holders)
  test(`the lock of ${who} ${isFree ? 'is taken over' : 'holds'}`, async () => {
    await mkdir('mine');
    await writeFile('mine/run.lock', holder === undefined ? '' : JSON.stringify(holder));
    const touched = Date.now() / 1000 - 60 * minutes;
    await utimes('mine/run.lock', touched, touched);
    const message = await refusal(runIn({ out: 'mine' }));
    if (isFree) assert.is(message, 'nothing was refused');
    else assert.match(message, /^Another program writes to the folder mine/);
  });

const places: [where: string, out: string, message: RegExp][] = [
  ['a file', 'file', /^The folder file cannot be made: a file is in the way of its folder; take another path\.$/],
  ['a folder below a file', 'file/runs', /^The folder file\/runs cannot be made: a file is in the way/],
];
for (const [where, out, message] of places)
  test(`${where} as the folder is refused in one sentence`, async () => {
    await writeFile('file', '');
    assert.match(await refusal(runIn({ out })), message);
  });

test.run();
