import { collect, groups, results, statistic } from '../../src/report/data.ts';
import type { TrainEvent } from '../../src/train/events.ts';
import { assert, suite } from '../harness.ts';
import { madeUp } from './made-up.ts';

const test = suite('report data');

const META = { method: 'coin', title: 'COIN', alpha: 0.5, seed: 3 };

const start: TrainEvent = {
  type: 'start',
  method: 'coin',
  epochs: 2,
  stepsPerEpoch: 1,
  images: 8,
  parameters: 100,
  adapter: 'GPU',
  evaluations: 2,
};
const stage = (name: string, epoch: number): TrainEvent => ({
  type: 'stage',
  stage: name,
  epoch,
  dispatches: 1,
  describe: () => [],
  memory: { planned: 1, peak: 1, saved: 0, lasting: 1 },
});
const epoch = (at: number, name: string, losses: Record<string, number>): TrainEvent => ({
  type: 'epoch',
  epoch: at,
  stage: name,
  lr: 0.1,
  losses,
  seconds: at + 1,
});

const EVENTS: TrainEvent[] = [
  start,
  { type: 'evaluation', epoch: 0, top1: 10 },
  stage('first', 0),
  { type: 'step', epoch: 0, step: 1, lr: 0.1, losses: { total: 5 }, imagesPerSecond: 8 },
  epoch(0, 'first', { total: 5 }),
  stage('second', 1),
  epoch(1, 'second', { total: 2 }),
  { type: 'evaluation', epoch: 2, top1: 75, s_dbw: { score: 0.9, scat: 0.4, dens_bw: 0.5 } },
  { type: 'saved', step: 2, file: 'scl-step-00000002.safetensors' },
  { type: 'end', seconds: 2.5 },
];

test('events become a run', async () => {
  assert.equal(await collect(META, EVENTS), {
    ...META,
    top1: 75,
    s_dbw: 0.9,
    scat: 0.4,
    dens_bw: 0.5,
    epochs: 2,
    seconds: 2.5,
    stageSwitch: 1,
    losses: [
      { epoch: 0, stage: 'first', lr: 0.1, seconds: 1, losses: { total: 5 } },
      { epoch: 1, stage: 'second', lr: 0.1, seconds: 2, losses: { total: 2 } },
    ],
    evaluations: [
      { epoch: 0, top1: 10 },
      { epoch: 2, top1: 75, s_dbw: 0.9, scat: 0.4, dens_bw: 0.5 },
    ],
  });
});

test('what lies behind the place where a run goes on is told once, as it came out at last', async () => {
  const from = { epoch: 1, index: 0, evaluated: 0 };
  const again: TrainEvent[] = [{ ...EVENTS[0]!, from } as TrainEvent, ...EVENTS.slice(5)];
  assert.equal(await collect(META, [...EVENTS.slice(0, -1), ...again]), await collect(META, EVENTS));
});

test('a training that is stopped counts the epochs it had', async () => {
  const run = await collect(META, EVENTS.slice(0, 5));
  assert.is(run.epochs, 1);
  assert.is(run.seconds, 1);
  assert.is(run.stageSwitch, undefined);
  assert.is(run.s_dbw, undefined);
});

test('results.json has the agreed keys, and null for what is undefined', () => {
  const data = madeUp();
  const { s_dbw: _, ...undefinedScore } = data.runs[0]!;
  const [first, ...others] = results({ ...data, runs: [undefinedScore, ...data.runs.slice(1)] });
  const keys = ['method', 'top1', 's_dbw', 'scat', 'dens_bw', 'seconds', 'epochs', 'alpha', 'adapter', 'seed'];
  for (const result of [first!, ...others]) assert.equal(Object.keys(result), keys);
  assert.is(first!.s_dbw, null);
  assert.is(others[1]!.method, 'coin');
  assert.is(others[1]!.adapter, data.adapter);
});

test('seeds of one method form a group; other settings are told in the label', () => {
  const { runs } = madeUp({ seeds: [0, 1] });
  assert.equal(
    groups(runs).map(({ label, runs: members }) => [label, members.length]),
    [
      ['CE-Tuning', 2],
      ['SCL', 2],
      ['COIN', 2],
    ],
  );
  const coin = runs.find(({ method }) => method === 'coin')!;
  const sweep = groups([coin, { ...coin, alpha: 0.5 }, { ...coin, alpha: 0.5, epochs: 60 }]);
  assert.equal(
    sweep.map(({ label }) => label),
    ['COIN, α = 0.2, 30 epochs', 'COIN, α = 0.5, 30 epochs', 'COIN, α = 0.5, 60 epochs'],
  );
});

test('statistics leave out what is missing', () => {
  assert.equal(statistic([1, undefined, 3]), { mean: 2, sd: Math.SQRT2 });
  assert.equal(statistic([4]), { mean: 4 });
  assert.is(statistic([undefined]), undefined);
});

test('what a training told of what lies behind the place from which it goes on is void', async () => {
  const before: TrainEvent = { type: 'evaluation', epoch: 0, top1: 10 };
  const first = [start, before, stage('first', 0), epoch(0, 'first', { total: 3 }), epoch(1, 'first', { total: 2 })];
  const lost: TrainEvent = { type: 'evaluation', epoch: 2, top1: 99 };
  const again: TrainEvent[] = [
    { ...start, from: { epoch: 1, index: 0, evaluated: 0 } },
    epoch(1, 'first', { total: 1 }),
    { type: 'evaluation', epoch: 2, top1: 50 },
  ];
  const run = await collect(META, [...first, lost, ...again]);
  assert.equal(
    run.losses.map(({ losses }) => losses.total),
    [3, 1],
  );
  assert.equal(run.evaluations, [
    { epoch: 0, top1: 10 },
    { epoch: 2, top1: 50 },
  ]);
});
