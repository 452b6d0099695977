import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cell, hashOfCell, type Outcome } from '../../src/reproduce/cell.ts';
import { inProcess, runCells } from '../../src/reproduce/runner.ts';
import { Interrupted } from '../../src/train/interrupted.ts';
import { assert, suite } from '../harness.ts';
import { outcomeOf } from './made_up.ts';

const test = suite('running cells');

let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
});
test.after(() => rm(folder, { recursive: true }));

const cell: Cell = {
  settings: { method: 'coin', alpha: 0.7, seed: 1 },
  data: { name: 'cifar10', sha256: 'ef' },
  weights: { name: 'moco.pth', sha256: 'ab' },
};

test("a cell's hash is of what decides it, and not of order or names of files", () => {
  const hash = hashOfCell(cell);
  assert.match(hash, /^[0-9a-f]{16}$/);
  // Cells that were made by an earlier version are found: of sha256([[["alpha",0.7],["method","coin"],["seed",1]],"ef","ab"]) as JSON.
  assert.is(hash, '6655a499aad69afa');
  const { alpha, seed, method } = cell.settings as Record<string, string | number>;
  assert.is(hashOfCell({ ...cell, settings: { seed: seed!, method: method!, alpha: alpha! } }), hash);
  assert.is(hashOfCell({ ...cell, weights: { name: 'other.pth', sha256: 'ab' } }), hash);
  assert.is(hashOfCell({ ...cell, data: { name: 'cifar100', sha256: 'ef' } }), hash);
  const others: Cell[] = [
    { ...cell, settings: { ...cell.settings, alpha: 0.5 } },
    { ...cell, settings: { ...cell.settings, seed: 2 } },
    { ...cell, settings: { ...cell.settings, lr: 0.1 } },
    { ...cell, data: { name: 'cifar10', sha256: '12' } },
    { ...cell, weights: { name: 'moco.pth', sha256: 'cd' } },
    { settings: cell.settings, data: cell.data },
  ];
  assert.is(new Set([hash, ...others.map(hashOfCell)]).size, 1 + others.length);
});

/** Cells with the seeds 0 to 3. */
const cells = new Map(
  [0, 1, 2, 3].map((seed) => {
    const own = { ...cell, settings: { ...cell.settings, seed } };
    return [hashOfCell(own), own] as const;
  }),
);
const hashes = [...cells.keys()];

/** Runs the cells; those in `wrong` do as told, all others have their seed as accuracy. Which were trained. */
async function running(out: string, wrong: Readonly<Record<number, Error>> = {}, some = cells) {
  const trained: number[] = [];
  const told: string[] = [];
  const own = join(folder, out);
  const run = inProcess({
    folder: own,
    async train({ settings }, path): Promise<Outcome> {
      const seed = settings.seed as number;
      trained.push(seed);
      assert.equal(JSON.parse(await readFile(join(path, 'cell.json'), 'utf8')).settings, settings);
      if (wrong[seed]) throw wrong[seed];
      return outcomeOf(seed);
    },
  });
  const result = await runCells(some, run, { folder: own, onEvent: ({ type }) => told.push(type) });
  return { ...result, trained, told };
}

const scores = (outcomes: ReadonlyMap<string, Outcome>) => hashes.map((hash) => outcomes.get(hash)?.run.top1);

test('what is finished is not run again, and what was interrupted and all that lies behind it is', async () => {
  const first = await running('table', { 1: new Interrupted('so') });
  assert.equal(
    [first.interrupted, first.trained, scores(first.outcomes)],
    [true, [0, 1], [0, undefined, undefined, undefined]],
  );
  const second = await running('table');
  assert.equal([second.interrupted, second.trained, scores(second.outcomes)], [false, [1, 2, 3], [0, 1, 2, 3]]);
  const third = await running('table');
  assert.equal([third.trained, scores(third.outcomes)], [[], [0, 1, 2, 3]]);
  assert.equal(third.told, ['finished', 'finished', 'finished', 'finished']);
});

test('a changed setting is another cell', async () => {
  const changed = { ...cell, settings: { ...cell.settings, seed: 0, alpha: 0.5 } };
  const { trained } = await running('table', {}, new Map([...cells, [hashOfCell(changed), changed]]));
  assert.equal(trained, [0]);
});

test('a cell that fails is told, keeps no other from being run, and is tried again', async () => {
  const first = await running('failing', { 1: new Error('The loss became NaN.') });
  assert.equal([first.interrupted, first.trained], [false, [0, 1, 2, 3]]);
  assert.equal(
    [...first.failures].map(([hash, { message }]) => [hash, message]),
    [[hashes[1], 'The loss became NaN.']],
  );
  assert.equal(first.told, ['begun', 'finished', 'begun', 'failed', 'begun', 'finished', 'begun', 'finished']);
  assert.equal((await running('failing')).trained, [1]);
});

test('a damaged outcome is told by its path', async () => {
  const path = join(folder, 'failing', hashes[2]!, 'outcome.json');
  await writeFile(path, '{"run":');
  const error = await running('failing').catch((thrown: Error) => thrown);
  assert.instance(error, Error);
  assert.match((error as Error).message, /^The outcome .*outcome\.json is damaged/);
});

test.run();
