import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { outliveOutput } from '../../src/cli/output.node.ts';
import { listenForInterruption } from '../../src/cli/signals.node.ts';
import { assert, suite } from '../harness.ts';
import { writeCorners } from './corner_data.ts';
import { captured } from './in_process.ts';

const test = suite('signals');

for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const)
  test(`${name} asks to end, and a second one ends the program as if nobody listened`, async () => {
    const before = process.listenerCount(name);
    const { kill } = process;
    const kills: unknown[] = [];
    process.kill = (...args: unknown[]) => {
      kills.push([...args, process.listenerCount(name)]);
      return true;
    };
    try {
      const { stderr } = await captured(async () => {
        const { signal, close } = listenForInterruption();
        assert.not.ok(signal.aborted);
        process.emit(name, name);
        assert.ok(signal.aborted);
        assert.equal(kills, []);
        process.emit(name, name);
        assert.equal(kills, [[process.pid, name, before]]);
        close();
      });
      assert.match(stderr, new RegExp(`^${name}: ending in order; a second one ends at once\\.$`, 'm'));
      assert.is(process.listenerCount(name), before);
    } finally {
      process.kill = kill;
    }
  });

/** A stream that refuses whatever is written to it. */
const refusing = (code: string) =>
  new Writable({
    autoDestroy: false,
    write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
  });

test('output that nobody reads is no failure; a full disk is told once, and is one', async () => {
  const cases: [code: string, told: RegExp, exitCode: number][] = [
    ['EPIPE', /^$/, 0],
    ['EIO', /^$/, 0],
    ['ENOSPC', /^error: The output cannot be written: the disk is full; make room or take another path\.\n$/, 1],
  ];
  const before = process.exitCode;
  for (const [code, told, exitCode] of cases) {
    const stream = refusing(code);
    outliveOutput([stream]);
    process.exitCode = 0;
    const { stderr } = await captured(async () => {
      stream.write('one');
      stream.write('two');
      await new Promise((done) => setImmediate(done));
    });
    const left = process.exitCode;
    process.exitCode = before;
    assert.match(stderr, told, code);
    assert.is(left, exitCode, code);
  }
});

let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
});
test.after(() => rm(folder, { recursive: true }));

test('a training whose output nobody reads goes on to its end', async () => {
  const data = await writeCorners(join(folder, 'data'));
  const out = join(folder, 'unread');
  const child = spawn(process.execPath, [
    ...['dist/coin.js', 'train', '--data', data, '--out', out, '--method', 'ce-tuning', '--width', '4'],
    ...['--batch', '9', '--epochs', '3', '--describe'],
  ]);
  for (const stream of [child.stdout, child.stderr]) stream.once('data', () => stream.destroy());
  const code = await new Promise((done) => child.on('exit', done));
  assert.is(code, 0);
  assert.equal((await readdir(out)).sort(), [
    ...['ce-tuning-step-00000009.safetensors', 'ce-tuning.csv', 'ce-tuning.jsonl', 'ce-tuning.safetensors'],
    ...['ce-tuning.tensorboard', 'report.html', 'results.json', 'run.yaml'],
  ]);
});

test.run();
