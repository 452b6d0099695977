// A whole sweep: coordinator, workers and Redis are programs, of which one of each kind is ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentOf } from '../../src/cli/contents.ts';
import { reproduce } from '../../src/cli/reproduce.ts';
import type { Outcome } from '../../src/reproduce/cell.ts';
import { type Plan, planOf, type Sources } from '../../src/reproduce/plan.ts';
import { connectQueue } from '../../src/reproduce/queue/connection.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { tableOf, tiny, trained } from '../reproduce/made_up.ts';
import { startRedis, withoutRedis } from '../reproduce/redis.ts';
import { NO_CACHE } from './coin.ts';
import { writeCorners } from './corner_data.ts';
import { captured } from './in_process.ts';

const test = suite('a sweep over a queue');
const NAME = 'of 12 cells ends as it does in one program, though a worker is killed and Redis restarts';

if (withoutRedis) test.skip(NAME, withoutRedis);
else test(NAME, sweep, { seconds: 240 });

const CELLS = 12;

/** The log of a cell, and what it says when an epoch is saved and when all are done. */
const LOG = 'ce-tuning.jsonl';
const SAVED = /"type":"saved"/;
const END = /"type":"end"/g;

async function sweep(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'coin-'));
  const redis = await startRedis();
  const workers: Worker[] = [];
  try {
    const path = await writeCorners(join(folder, 'data'), 54);
    const sources: Sources = { data: { embedded: { path, sha256: await contentOf(path) } }, weights: {} };
    const scale = {
      ...tiny,
      base: { ...tiny.base, epochs: 3, 'evaluate-every': 3 },
      seeds: Array.from({ length: CELLS }, (_, i) => i),
    };
    const plan = planOf(tableOf([{ label: 'CE-Tuning', train: trained('ce-tuning') }]), scale, sources);
    const [shared, over, alone] = ['workers', 'over', 'alone'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (let i = 0; i < 2; i++) workers.push(startWorker(redis.url, shared));
    const [first, second] = workers as [Worker, Worker];

    const ending = (async () => {
      const cell = await killWithin(first, join(shared, 'cells'));
      await second.told(/trained in/);
      await redis.restart();
      return cell;
    })();
    const notes: string[] = [];
    const connection = await connectQueue(redis.url, (note) => notes.push(note));
    const { result, stderr } = await captured(() =>
      reproduce(plan, sources, over, noDevice, { connection, priority: 10, every: 200 }).catch((error: Error) => error),
    );
    const killed = await ending;
    connection.close();
    assert.is(result, undefined, `${stderr}\n${workers.map((worker) => worker.output()).join('\n')}`);
    assert.is(notes.length, 2, notes.join(' '));

    // None was trained twice: each was begun once and ended once, and what was saved of it was gone on with.
    for (const { hash } of plan.entries) {
      const log = await readFile(join(shared, 'cells', hash, LOG), 'utf8');
      const starts = log.split('\n').filter((line) => line.includes('"type":"start"'));
      assert.equal([starts.filter((line) => !line.includes('"from"')).length, log.match(END)?.length], [1, 1], log);
      if (hash === killed) assert.ok(starts.length > 1, log);
    }
    assert.match(stderr, new RegExp(`\\(${killed}\\) at \\S+/${first.process.pid}\n`));
    assert.match(stderr, new RegExp(`waits: \\S+/${first.process.pid} fell silent, so another worker takes it up\\.`));
    assert.match(stderr, /goes on after \d epochs?\./);
    assert.match(await readFile(join(over, 'tiny-smoke', 'progress.html'), 'utf8'), /12 of 12 cells are done/);

    await captured(() => reproduce(plan, sources, alone, sharedDevice));
    const [bits, reference] = [await bitsOf(plan, over, shared), await bitsOf(plan, alone, alone)];
    assert.is(bits.length, CELLS);
    for (const [i, own] of bits.entries()) assert.equal(own, reference[i]);
    second.process.kill('SIGTERM');
    await once(second.process, 'exit');
    assert.is(second.process.exitCode, 0);
  } finally {
    for (const { process } of workers) process.kill('SIGKILL');
    await redis.stop();
    await rm(folder, { recursive: true });
  }
}

const noDevice = () => Promise.reject(new Error('a coordinator needs no device'));
const sharedDevice = async () => ({ ...(await testDevice()), destroy() {} });

/** Kills a worker when an epoch of its cell is saved, and before the cell is done. Gives the cell. */
async function killWithin({ process }: Worker, cells: string): Promise<string> {
  for (;;) {
    for (const hash of await readdir(cells).catch(() => [])) {
      const read = (name: string) => readFile(join(cells, hash, name), 'utf8').catch(() => '');
      if (!(await read('run.lock')).includes(`"pid":${process.pid},`) || !(await read(LOG)).match(SAVED)) continue;
      process.kill('SIGSTOP');
      if (!(await read(LOG)).match(END)) {
        process.kill('SIGKILL');
        return hash;
      }
      process.kill('SIGCONT');
    }
    await new Promise((done) => setTimeout(done, 2));
  }
}

/** The results of all cells but for the time that they took, with the weights that they ended with. */
async function bitsOf({ entries }: Plan, results: string, runs: string): Promise<object[]> {
  const all: object[] = [];
  for (const { hash } of entries) {
    const text = await readFile(join(results, 'cells', hash, 'outcome.json'), 'utf8');
    const { worker, before, ...outcome } = JSON.parse(text, (key, value) =>
      key === 'seconds' || key === 'waiting' ? undefined : value,
    ) as Outcome;
    const checkpoint = await readFile(join(runs, 'cells', hash, 'ce-tuning.safetensors'), 'base64');
    all.push({ hash, outcome, checkpoint });
  }
  return all;
}

interface Worker {
  readonly process: ChildProcess;
  readonly output: () => string;
  /** Waits for what it prints. */
  told(text: RegExp): Promise<void>;
}

function startWorker(url: string, out: string): Worker {
  const args = ['dist/coin.js', 'worker', '--queue', url, '--out', out, '--silence', '6'];
  const worker = spawn(process.execPath, args, { env: { COIN_CACHE: NO_CACHE, ...process.env } });
  let output = '';
  for (const stream of [worker.stdout, worker.stderr]) stream.on('data', (text) => (output += text));
  return {
    process: worker,
    output: () => output,
    async told(text) {
      while (!text.test(output)) {
        if (worker.exitCode !== null) throw new Error(`The worker ended: ${output}`);
        await new Promise((done) => setTimeout(done, 5));
      }
    },
  };
}

test.run();
