// Runs that are killed without a chance to bring anything in order, and go on from their files.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { random4, uniform01 } from '../../src/data/random.ts';
import { methods } from '../../src/methods/index.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { assert, suite } from '../harness.ts';
import { NO_CACHE } from './coin.ts';
import { writeCorners } from './corner_data.ts';
import { coinHere } from './in_process.ts';

const test = suite('killed runs');

/** How often each run is killed, and of which methods: `KILLS=20 KILL_METHODS=all node test/run.mjs node cli/killed`, or `scl,delta`. */
const KILLS = Number(process.env.KILLS ?? 2);
const { KILL_METHODS = 'bi-tuning' } = process.env;

/** What `train` is told, by the names that the runs have. */
const runs = new Map<string, string[]>([
  ...methods.map(({ name }): [string, string[]] => [name, ['--method', name]]),
  ['coin-bi-tuning', ['--method', 'bi-tuning', '--coin-alpha', '0.4']],
]);

let folder = '';
let data = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
  data = await writeCorners(join(folder, 'data'));
});
test.after(() => rm(folder, { recursive: true }));

/** A run of 7 micro-batches an epoch, of which two are a step. */
const args = (method: string, out: string) => [
  ...['train', '--data', data, ...(runs.get(method) as string[]), '--width', '4', '--batch', '4', '--accumulate', '2'],
  ...['--epochs', '6', '--evaluate-every', '2', '--out', join(folder, out), '--save-every', '2steps'],
];

/** What a run's results say, but for how long it took. */
async function resultsOf(out: string): Promise<unknown> {
  const [result] = JSON.parse(await readFile(join(folder, out, 'results.json'), 'utf8'));
  return { ...result, seconds: 0 };
}

/** All that a run is at its end: weights, momentum, and what the method keeps. */
async function stateOf(method: string, out: string): Promise<unknown> {
  const path = join(folder, out, `${method}-step-00000042.safetensors`);
  return readSafetensors(new Uint8Array(await readFile(path)), path).tensors;
}

const linesOf = async (method: string, out: string): Promise<Record<string, unknown>[]> =>
  (await readFile(join(folder, out, `${method}.jsonl`), 'utf8').catch(() => ''))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

/** Runs a program and kills it, after a share of some lines of its log. */
async function killed(programArgs: string[], method: string, out: string, share: number): Promise<boolean> {
  const began = (await linesOf(method, out)).length;
  const child = spawn(process.execPath, ['dist/coin.js', ...programArgs], {
    env: { ...process.env, COIN_CACHE: NO_CACHE },
    stdio: 'ignore',
  });
  const ended = new Promise<boolean>((done) => child.on('exit', (code) => done(code === 0)));
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  // Where in the log's next line nobody knows.
  const lines = 2 + Math.floor(share * 14);
  while (!isOver && (await linesOf(method, out).catch(() => [])).length < began + lines)
    await new Promise((done) => setTimeout(done, 2));
  await new Promise((done) => setTimeout(done, 20 * share));
  child.kill('SIGKILL');
  return ended;
}

for (const method of KILL_METHODS === 'all' ? runs.keys() : KILL_METHODS.split(','))
  test(
    `${method}: a run that is killed ${KILLS} times ends with the bits, the results and the log of one that is not`,
    async () => {
      const [whole, out] = [`${method}-whole`, method];
      const { code: wholeCode, stderr: told } = await coinHere(...args(method, whole));
      assert.is(wholeCode, 0, told);
      let isOver = await killed(args(method, out), method, out, 0.5);
      for (let kill = 1; kill < KILLS; kill++) {
        const share = uniform01(random4(kill, 0, Number(process.env.SEED ?? 1), 0)[0]);
        isOver = await killed(['train', '--resume', join(folder, out)], method, out, share);
      }
      assert.ok(KILLS > 3 || !isOver, 'the run ended before it was killed often enough');
      const { code, stderr } = await coinHere('train', '--resume', join(folder, out));
      assert.is(code, 0, stderr);
      for (const of of [(name: string) => stateOf(method, name), resultsOf])
        assert.equal(await of(out), await of(whole));
      const model = (name: string) => readFile(join(folder, name, `${method}.safetensors`));
      assert.equal(await model(out), await model(whole));
      const starts = (await linesOf(method, out)).filter(({ type }) => type === 'start');
      assert.is(starts.length, KILLS + 1);
      // It went on, and did not begin again.
      assert.ok(starts.slice(1).some(({ from }) => from !== undefined));
      const states = (await readdir(join(folder, out))).filter((name) => name.includes('-step-'));
      assert.equal(states.sort(), [`${method}-step-00000040.safetensors`, `${method}-step-00000042.safetensors`]);
    },
    { seconds: 90 + 60 * KILLS },
  );

test.run();
