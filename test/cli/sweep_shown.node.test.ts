import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { showSweep } from '../../src/cli/sweep.ts';
import { adapterTable } from '../../src/reproduce/adapters.ts';
import type { Outcome } from '../../src/reproduce/cell.ts';
import { planOf } from '../../src/reproduce/plan.ts';
import { followCells } from '../../src/reproduce/progress.ts';
import { assert, suite } from '../harness.ts';
import { outcomeOf, tableOf, tiny, trained } from '../reproduce/made_up.ts';
import { sink } from './sink.ts';

const test = suite('how a sweep is shown');

let folder = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
});
test.after(() => rm(folder, { recursive: true }));

const rows = ['ce-tuning', 'scl'].map((method) => ({ label: method, train: trained(method) }));
const plan = planOf(
  tableOf(rows, { against: 'scl' }),
  { ...tiny, seeds: [0, 1] },
  { data: { embedded: { sha256: 'e' } }, weights: {} },
);
const [a, b, c, d] = plan.entries.map(({ hash }) => hash) as [string, string, string, string];
const by = (worker: string, adapter = `GPU of ${worker}`): Outcome => ({ ...outcomeOf(50), worker, adapter });

/** The first value that there is. */
async function until<T>(look: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null) return found;
    await new Promise((done) => setTimeout(done, 20));
  }
}

test('the terminal and the page tell of each cell who has it, how far it is, and why it waits', async () => {
  const page = join(folder, 'progress.html');
  const { stream, text } = sink(false);
  const sweep = showSweep(plan, { page, title: 'Table <1>', isElsewhere: true, stream });
  sweep.onEvent({ type: 'finished', hash: a, outcome: by('before'), known: true });
  sweep.onEvent({ type: 'note', message: 'No worker is there.' });
  sweep.onEvent({ type: 'begun', hash: b, worker: 'one/1' });
  sweep.onEvent({ type: 'running', hash: b, progress: { adapter: 'GPU', from: 0, epoch: 0, epochs: 20 } });
  sweep.onEvent({ type: 'waiting', hash: b, why: 'one/1 fell silent' });
  sweep.onEvent({ type: 'begun', hash: b, worker: 'two/2' });
  sweep.onEvent({ type: 'running', hash: b, progress: { adapter: 'GPU', from: 3, epoch: 3, epochs: 20 } });
  sweep.onEvent({ type: 'running', hash: b, progress: { from: 3, epoch: 4.5, epochs: 20, left: 125_000 } });
  sweep.onEvent({ type: 'failed', hash: c, error: new Error('The loss became NaN.') });
  sweep.onEvent({ type: 'begun', hash: d, worker: 'one/1' });
  sweep.onEvent({ type: 'waiting', hash: d, why: 'one/1 has not what it needs' });
  sweep.onEvent({ type: 'begun', hash: d, worker: 'two/2' });
  sweep.onEvent({ type: 'running', hash: d, progress: { from: 0, epoch: 0, epochs: 20 } });
  const running = await until(() => readFile(page, 'utf8').catch(() => undefined));
  sweep.onEvent({ type: 'finished', hash: b, outcome: by('two/2') });
  await sweep.close();
  const name = (row: string, seed: number) => `${row}, Fashion-MNIST, a part, seed ${seed}`;
  assert.equal(text().trim().split('\n'), [
    'No worker is there.',
    `cell 2 of 4: ${name('scl', 0)} (${b}) at one/1`,
    `${name('scl', 0)} waits: one/1 fell silent.`,
    `cell 2 of 4: ${name('scl', 0)} (${b}) at two/2`,
    `${name('scl', 0)} goes on after 3 epochs.`,
    'This cell failed (The loss became NaN.); the next.',
    `cell 4 of 4: ${name('scl', 1)} (${d}) at one/1`,
    `${name('scl', 1)} waits: one/1 has not what it needs.`,
    `cell 4 of 4: ${name('scl', 1)} (${d}) at two/2`,
    `${name('scl', 1)} begins anew: where it is trained now, nothing of it is saved.`,
    `2 of 4 done: ${name('scl', 0)} (two/2, GPU of two/2)`,
  ]);
  assert.match(running, /<meta http-equiv="refresh" content="\d+">/);
  assert.match(running, /<h1>Table &#60;1&#62;<\/h1>/);
  assert.match(running, /1 of 4 cells are done, 2 run, 1 failed; about \d+ min \d+ s left/);
  const shown = running
    .match(/<tr><th scope="row">.*<\/tr>/g)
    ?.map((row) => row.replace(/<[^>]*>/g, '|').replace(/\|+/g, '|'));
  assert.equal(shown, [
    '|ce-tuning|Fashion-MNIST, a part|0|finished|1/1|–|before, GPU of before|',
    '|scl|Fashion-MNIST, a part|0|running|5/20|2 min 5 s|two/2, GPU|',
    '|ce-tuning|Fashion-MNIST, a part|1|failed| |The loss became NaN.|–|–|–|',
    '|scl|Fashion-MNIST, a part|1|running|1/20|–|two/2|',
  ]);
  const last = await readFile(page, 'utf8');
  assert.not.match(last, /http-equiv="refresh"/);
  assert.match(last, /2 of 4 cells are done/);
});

test('a terminal has a bar of all cells, and one of each that runs', async () => {
  const { stream, text } = sink(true);
  const sweep = showSweep(plan, { page: join(folder, 'none', 'page.html'), title: 'x', isElsewhere: true, stream });
  sweep.onEvent({ type: 'begun', hash: b, worker: 'one/1' });
  sweep.onEvent({ type: 'running', hash: b, progress: { from: 0, epoch: 2.5, epochs: 10 } });
  await until(() => text().includes('epoch 3/10') || undefined);
  await sweep.close();
  assert.match(text(), /░{20} 0 of 4 cells are done, 1 runs/);
  assert.match(text(), /█{5}░{15} scl, Fashion-MNIST, a part, seed 0, one\/1, epoch 3\/10/);
});

test('what is left is shared by those that run', () => {
  let now = 0;
  const { tell, progress } = followCells(plan, () => now);
  assert.is(progress().left, undefined);
  tell({ type: 'begun', hash: a });
  tell({ type: 'begun', hash: b });
  now = 1000;
  tell({ type: 'finished', hash: a, outcome: by('one') });
  now = 1500;
  // One runs since 1500, of 1000 that the other took: none is left of it, and each that waits takes 1000.
  assert.is(progress().left, 2000);
  tell({ type: 'running', hash: b, progress: { left: 700 } });
  assert.is(progress().left, 2700);
  tell({ type: 'begun', hash: c });
  // 700 of one, 1000 of the other and 1000 of the last, by two.
  assert.is(progress().left, 1350);
});

test('adapters are told apart where there are several, with the differences between runs of two', () => {
  const of = (...adapters: string[]) => {
    const outcomes = new Map(plan.entries.map(({ hash }, i) => [hash, by(`w${i}`, adapters[i]!)]));
    return adapterTable(plan, outcomes);
  };
  assert.equal(of('A', 'A', 'A', 'A'), []);
  const [table] = of('A', 'A', 'A', 'B');
  assert.equal(table!.rows, [
    ['A', '3', 'w0, w1 and w2', 'ce-tuning (seeds 0, 1); scl (seed 0)'],
    ['B', '1', 'w3', 'scl (seed 1)'],
  ]);
  assert.match(table!.notes[0]!, /: 1 of 2 differences are between runs of different adapters\.$/);
});

test.run();
