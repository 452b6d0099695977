import { forecaster } from '../../src/cli/forecast.ts';
import { showProgress } from '../../src/cli/progress.ts';
import type { TrainEvent } from '../../src/train/events.ts';
import { assert, suite } from '../harness.ts';
import { sink } from './sink.ts';

const test = suite('forecast');

type Timed = readonly [second: number, event: TrainEvent];

const step = (epoch: number, step: number): TrainEvent => ({
  ...{ type: 'step', epoch, step, lr: 1, losses: { total: 1 }, imagesPerSecond: 64 },
});
const stage = (name: string, epoch: number): TrainEvent => ({
  ...{ type: 'stage', stage: name, epoch, dispatches: 1, describe: () => [] },
  memory: { planned: 1, peak: 1, saved: 0, lasting: 1 },
});
const evaluating = (epoch: number, images: number): TrainEvent => ({ type: 'evaluating', epoch, images, of: 1000 });
const epochEvent = (epoch: number): TrainEvent => ({
  ...{ type: 'epoch', epoch, stage: 'one', lr: 1, losses: { total: 1 }, seconds: 1 },
});

/** 4 epochs of 10 steps of a second each, and evaluations of 20 seconds before them and after every second one: 100 seconds. */
const TRAINING: Timed[] = [
  [
    0,
    {
      ...{ type: 'start', method: 'scl', epochs: 4, stepsPerEpoch: 10, images: 640, evaluations: 3, parameters: 1 },
      adapter: 'GPU',
    },
  ],
  [0, evaluating(0, 0)],
  [10, evaluating(0, 500)],
  [20, { type: 'evaluation', epoch: 0, top1: 10 }],
  [20, stage('one', 0)],
  [28, step(0, 7)],
  [30, step(0, 9)],
  [30, epochEvent(0)],
  [40, step(1, 19)],
  [40, epochEvent(1)],
  [40, evaluating(2, 0)],
  [50, evaluating(2, 500)],
  [60, { type: 'evaluation', epoch: 2, top1: 20 }],
  [68, step(2, 27)],
  [70, epochEvent(2)],
  [80, epochEvent(3)],
  [80, evaluating(4, 0)],
  [100, { type: 'evaluation', epoch: 4, top1: 30 }],
  [100, { type: 'end', seconds: 40 }],
];

test('what is left counts the evaluations to come, and of the one under way what it has not done', () => {
  const see = forecaster();
  const found = TRAINING.map(([second, event]) => see(event, 5000 + 1000 * second));
  assert.equal(
    found.slice(0, 5).map((forecast) => forecast),
    [undefined, undefined, undefined, undefined, undefined],
  );
  for (const [index, [second]] of TRAINING.entries()) {
    if (index < 5) continue;
    assert.is(found[index]!.spent, 1000 * second);
    assert.is(found[index]!.left, 1000 * (100 - second), `at ${second} s, ${TRAINING[index]![1].type}`);
  }
  assert.is(found[5]!.evaluation, 40_000);
});

test('a stage whose steps take longer is forecast by its own steps', () => {
  const see = forecaster();
  const [[, start]] = TRAINING as [Timed];
  const alone = { ...start, evaluations: 0 } as TrainEvent;
  for (const [second, event] of [
    [0, alone],
    [0, stage('one', 0)],
    [10, epochEvent(0)],
    [20, epochEvent(1)],
  ] as const)
    see(event, 1000 * second);
  assert.is(see(stage('two', 2), 20_000)!.left, 20_000);
  // 5 steps in 15 seconds, and 15 more to come.
  assert.is(see(step(2, 24), 35_000)!.left, 45_000);
});

async function* stream(now: { value: number }): AsyncGenerator<TrainEvent> {
  for (const [second, event] of TRAINING) {
    now.value = 1000 * second;
    yield event;
  }
}

test('how long the whole run takes is said from the first steps, before an epoch is over, and after the first minute', async () => {
  const now = { value: 0 };
  const { stream: out, text } = sink(false);
  const options = { title: 'SCL', stream: out, now: () => now.value };
  for await (const _ of showProgress(stream(now), options));
  assert.equal(text().trimEnd().split('\n'), [
    'SCL: 4 epochs of 640 images, 1 parameters, GPU',
    'SCL: evaluated 500 of 1,000 images',
    'SCL: at first, top-1 10.00 %, S_Dbw undefined',
    'SCL: one begins',
    'SCL: the whole run takes about 1 min 40 s, 56 % of what is left evaluation',
    'SCL: epoch 1/4, loss 1.0000, 64 images/s, 1 min 12 s left',
    'SCL: epoch 2/4, loss 1.0000, 64 images/s, 1 min 0 s left',
    'SCL: evaluated 500 of 1,000 images',
    'SCL: after epoch 2/4, top-1 20.00 %, S_Dbw undefined',
    'SCL: the whole run takes about 1 min 40 s, 63 % of what is left evaluation',
    'SCL: epoch 3/4, loss 1.0000, 64 images/s, 32 s left',
    'SCL: epoch 4/4, loss 1.0000, 64 images/s',
    'SCL: after epoch 4/4, top-1 30.00 %, S_Dbw undefined',
    'SCL: trained in 40 s',
  ]);
});

test('a terminal shows it above the bar', async () => {
  const now = { value: 0 };
  const { stream: out, text } = sink(true);
  for await (const _ of showProgress(stream(now), { title: 'SCL', stream: out, now: () => now.value }));
  assert.match(text(), /\nSCL: the whole run takes about 1 min 40 s, 56 % of what is left evaluation\n/);
});

test.run();
