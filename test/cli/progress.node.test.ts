import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forecaster } from '../../src/cli/forecast.ts';
import { logEvents, readLog } from '../../src/cli/log.node.ts';
import { duration, showProgress } from '../../src/cli/progress.ts';
import type { TrainEvent } from '../../src/train/events.ts';
import { assert, suite } from '../harness.ts';
import { refusal } from '../refusal.ts';
import { sink } from './sink.ts';

/** Of no concern to who shows a training. */
const capture = async () => assert.unreachable('nobody saves here') as never;

const EPOCHS = 6;

function* training(): Generator<TrainEvent> {
  yield {
    type: 'start',
    method: 'coin',
    epochs: EPOCHS,
    stepsPerEpoch: 2,
    images: 5000,
    parameters: 1234,
    adapter: 'GPU',
    evaluations: 2,
  };
  yield { type: 'evaluating', epoch: 0, images: 0, of: 10_000 };
  yield { type: 'evaluation', epoch: 0, s_dbw: { score: 1.5, scat: 0.5, dens_bw: 1 } };
  yield {
    type: 'stage',
    stage: 'fine-tuning',
    epoch: 0,
    dispatches: 9,
    describe: () => [],
    memory: { planned: 9, peak: 9, saved: 0, lasting: 9 },
  };
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    for (const step of [1, 2]) {
      yield { type: 'step', epoch, step: 2 * epoch + step, lr: 1, losses: { total: 0.5 }, imagesPerSecond: 1820.4 };
    }
    yield { type: 'epoch', epoch, stage: 'fine-tuning', lr: 1, losses: { total: 0.25 }, seconds: epoch };
  }
  yield { type: 'evaluation', epoch: EPOCHS, top1: 75.5 };
  yield { type: 'checkpoint', epoch: EPOCHS, step: 0, final: true, capture };
  yield { type: 'end', seconds: 65 };
}

async function* stream(events: Iterable<TrainEvent>): AsyncGenerator<TrainEvent> {
  yield* events;
}

async function types(events: AsyncIterable<TrainEvent>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { type } of events) seen.push(type);
  return seen;
}

const ALL = [...training()].map(({ type }) => type);

const progress = suite('progress');

progress('without a terminal: plain lines at a slow rate, and every event passes', async () => {
  const { stream: out, text } = sink(false);
  assert.equal(await types(showProgress(stream(training()), { title: 'COIN', stream: out })), ALL);
  const written = text()
    .replace(/\d+\.\d s left/, '? left')
    .replace(/about \d+\.\d s(, \d+ % of what is left evaluation)?/, 'about ?');
  assert.is(
    written,
    [
      'COIN: 6 epochs of 5,000 images, 1,234 parameters, GPU',
      'COIN: at first, S_Dbw 1.500',
      'COIN: fine-tuning begins',
      'COIN: the whole run takes about ?',
      'COIN: epoch 1/6, loss 0.5000, 1,820 images/s, ? left',
      'COIN: epoch 6/6, loss 0.2500, 1,820 images/s',
      'COIN: after epoch 6/6, top-1 75.50 %, S_Dbw undefined',
      'COIN: trained in 1 min 5 s',
      '',
    ].join('\n'),
  );
});

progress('without a terminal: the last step and the last epoch are one line', async () => {
  const { stream: out, text } = sink(false);
  await types(showProgress(stream(training()), { title: 'COIN', stream: out, every: 1e9 }));
  assert.is(text().match(/epoch 6\/6, loss/g)!.length, 1);
});

progress('where images are brought batch by batch, the share of time that steps wait for them is told', async () => {
  const { stream: out, text } = sink(false);
  const fed = [...training()].map((event) => (event.type === 'step' ? { ...event, waiting: 0.251 } : event));
  await types(showProgress(stream(fed), { title: 'COIN', stream: out }));
  assert.match(text(), /1,820 images\/s, waiting for images 25 % of the time/);
});

progress('on a terminal: one bar and no plain lines', async () => {
  const { stream: out, text } = sink(true);
  assert.equal(await types(showProgress(stream(training()), { title: 'COIN', stream: out })), ALL);
  assert.match(text(), /COIN █{20} trained in 1 min 5 s, top-1 75\.50 %/);
  assert.not.match(text(), /COIN: epoch/);
  // A line of the bar that the forecast ends, the forecast, and the bar's last line.
  assert.is(text().match(/\n/g)!.length, 3);
});

progress('on a narrow terminal: whole parts or none', async () => {
  const { stream: out, text } = sink(true, 61);
  await types(showProgress(stream(training()), { title: 'COIN', stream: out }));
  assert.match(text(), /█ trained in 1 min 5 s, top-1 75\.50 %\W/);
  assert.not.match(text(), /undefined/);
});

progress('an evaluation that takes long shows how far it is', async () => {
  const beginning = [...training()].slice(0, 2);
  const [pipe, during, after] = [sink(false), sink(true), sink(true)];
  const show = (out: ReturnType<typeof sink>, ...more: TrainEvent[]) =>
    types(showProgress(stream([...beginning, ...more]), { title: 'COIN', stream: out.stream }));
  const evaluating: TrainEvent = { type: 'evaluating', epoch: 0, images: 2500, of: 10_000 };
  await show(pipe, evaluating);
  await show(during, evaluating);
  await show(after, evaluating, { type: 'evaluation', epoch: 0, top1: 10 });
  assert.match(pipe.text(), /^COIN: evaluated 2,500 of 10,000 images$/m);
  const drawnLast = (out: typeof during) => out.text().split('░ ').at(-1);
  assert.match(drawnLast(during) ?? '', /^evaluated 2,500 of 10,000 images, preparing/);
  assert.match(drawnLast(after) ?? '', /^preparing, top-1 10\.00 %, S_Dbw undefined/);
});

progress('what a method prepares before its first step shows how far it is, and is no step', async () => {
  const [first, ...others] = training();
  const preparing: TrainEvent = {
    ...{ type: 'preparing', stage: 'fine-tuning', epoch: 0 },
    ...{ what: 'channels weighed', done: 120, of: 3840 },
  };
  const [pipe, terminal] = [sink(false), sink(true)];
  await types(showProgress(stream([first!, preparing, ...others]), { title: 'DELTA', stream: pipe.stream }));
  await types(showProgress(stream([first!, preparing]), { title: 'DELTA', stream: terminal.stream }));
  assert.match(pipe.text(), /^DELTA: channels weighed: 120 of 3,840$/m);
  assert.match(terminal.text().split('░ ').at(-1) ?? '', /^channels weighed: 120 of 3,840/);
  let now = 0;
  const forecastAt = forecaster();
  const forecasts = [first!, ...others.slice(2, 3), preparing, ...others.slice(3)].map((event) => {
    // An hour of preparation, then a second a step.
    now += event.type === 'preparing' ? 3_600_000 : event.type === 'step' ? 1000 : 0;
    return forecastAt(event, now);
  });
  const left = forecasts.find((forecast) => forecast)?.left ?? Number.NaN;
  assert.ok(left < 60_000, `${left} ms are left`);
});

progress('the time left counts the evaluations to come, and training alone by its own pace', async () => {
  let now = 0;
  const clock = performance.now;
  performance.now = () => now;
  const { stream: out, text } = sink(false);
  async function* timed(): AsyncGenerator<TrainEvent> {
    // An evaluation takes 20 s, an epoch 10 s; there is one before, one after three epochs, and one at the end.
    for (const event of training()) {
      if (event.type === 'evaluation') now += 20_000;
      if (event.type === 'epoch') now += 10_000;
      if (event.type !== 'step') yield event.type === 'start' ? { ...event, evaluations: 3 } : event;
      if (event.type !== 'epoch' || event.epoch !== 2) continue;
      yield { type: 'evaluating', epoch: 3, images: 0, of: 10 };
      now += 20_000;
      yield { type: 'evaluation', epoch: 3 };
    }
  }
  try {
    await types(showProgress(timed(), { title: 'COIN', stream: out, every: 1 }));
  } finally {
    performance.now = clock;
  }
  assert.equal(
    [...text().matchAll(/epoch (\d)\/6.*, (.*) left/g)].map(([, epoch, left]) => `${epoch}: ${left}`),
    ['1: 1 min 30 s', '2: 1 min 20 s', '3: 1 min 10 s', '4: 40 s', '5: 30 s'],
  );
});

progress(
  'a contrastive epoch says how well features find each other, and so does the evaluation behind it',
  async () => {
    const contrast = { alone: 12.34, top1: 85.25, alignment: 0.5123, uniformity: -2.306 };
    function* contrastive(): Generator<TrainEvent> {
      for (const event of training()) yield event.type === 'epoch' ? { ...event, contrast } : event;
    }
    const { stream: out, text } = sink(false);
    await types(showProgress(stream(contrastive()), { title: 'COIN', stream: out, every: 0 }));
    const told = 'contrastive top-1 85.3 %, alignment 0.512, uniformity -2.31, 12.3 % without positives';
    assert.ok(text().includes(`COIN: epoch 1/6, loss 0.2500, ${told}`), text());
    assert.ok(text().includes(`COIN: after epoch 6/6, top-1 75.50 %, S_Dbw undefined, ${told}\n`), text());
    assert.not.match(text(), /at first.*contrastive/);
  },
);

progress('an error of the training passes, and the bar ends its line', async () => {
  const { stream: out, text } = sink(true);
  async function* broken(): AsyncGenerator<TrainEvent> {
    yield* [...training()].slice(0, 5);
    throw new Error('The loss is not finite.');
  }
  const thrown = await types(showProgress(broken(), { title: 'COIN', stream: out })).catch(
    (error: Error) => error.message,
  );
  assert.is(thrown, 'The loss is not finite.');
  assert.ok(text().endsWith('\n'));
});

progress('durations are short', () => {
  assert.equal([0, 8.44, 9.96, 59.6, 125, 3600, 4350].map(duration), [
    '0.0 s',
    '8.4 s',
    '10 s',
    '1 min 0 s',
    '2 min 5 s',
    '1 h 0 min',
    '1 h 13 min',
  ]);
});

const log = suite('log');
const HEAD = { type: 'setup', version: '1.2.3' };
const folder = mkdtempSync(join(tmpdir(), 'log-'));
log.after(() => rmSync(folder, { recursive: true }));

log('what the run is and then each event is a line of JSON, but for moments at which nothing was written', async () => {
  const path = join(folder, 'log.jsonl');
  assert.equal(await types(logEvents(stream(training()), path, HEAD)), ALL);
  const lines = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TrainEvent);
  assert.equal(lines.shift(), HEAD);
  // What is under way is for eyes alone.
  assert.equal(
    lines.map(({ type }) => type),
    ALL.filter((type) => type !== 'evaluating' && type !== 'checkpoint'),
  );
});

log('a training that is stopped leaves its log', async () => {
  const path = join(folder, 'stopped.jsonl');
  for await (const { type } of logEvents(stream(training()), path, HEAD)) if (type === 'stage') break;
  assert.is(readFileSync(path, 'utf8').trimEnd().split('\n').length, 4);
});

log('a run that goes on adds to its log, after the last whole line', async () => {
  const path = join(folder, 'goes-on.jsonl');
  for await (const { type } of logEvents(stream(training()), path, HEAD)) if (type === 'stage') break;
  appendFileSync(path, '{"type":"step","epo');
  await types(logEvents(stream([{ type: 'end', seconds: 7 }]), path, { type: 'setup', version: 'another' }));
  const told = await readLog(path);
  assert.equal(told?.head, HEAD);
  assert.equal(
    told?.events.slice(-2).map(({ type }) => type),
    ['stage', 'end'],
  );
  assert.is(await readLog(join(folder, 'none.jsonl')), undefined);
  appendFileSync(path, 'nonsense\n');
  assert.match(await refusal(readLog(path)), /^The log \S+goes-on\.jsonl is damaged: line 6 is no JSON\.$/);
});

log('what cannot be written is told in one sentence', async () => {
  writeFileSync(join(folder, 'file'), '');
  const failing: [path: string, reason: string][] = [
    [folder, 'it is a folder; name a file'],
    [join(folder, 'file', 'log.jsonl'), 'a file is in the way of its folder; take another path'],
    // A device of Linux that is always full.
    ...(process.platform === 'linux'
      ? [['/dev/full', 'the disk is full; make room or take another path'] as [string, string]]
      : []),
  ];
  for (const [path, reason] of failing) {
    const thrown = await types(logEvents(stream(training()), path, HEAD)).catch((error: Error) => error.message);
    assert.is(thrown, `The log ${path} cannot be written: ${reason}.`);
  }
});
