import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bestOf, keepBest } from '../../src/cli/best.node.ts';
import { allIndices, holdOut } from '../../src/data/sampler.ts';
import type { TrainEvent } from '../../src/train/events.ts';
import { BEGINNING, type RunState } from '../../src/train/run_state.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { assert, suite } from '../harness.ts';
import { writeCorners } from './corner_data.ts';
import { coinHere } from './in_process.ts';

const test = suite('habits on the command line');

let folder = '';
let data = '';
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coin-'));
  data = await writeCorners(join(folder, 'data'));
});
test.after(() => rm(folder, { recursive: true }));

const args = (out: string, ...more: string[]) => [
  ...['train', '--data', data, '--method', 'ce-tuning', '--width', '4', '--batch', '4', '--accumulate', '1'],
  ...['--out', join(folder, out), ...more],
];

const linesOf = async (out: string): Promise<Record<string, unknown>[]> =>
  (await readFile(join(folder, out, 'ce-tuning.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

const modelIn = async (out: string, name: string) => {
  const path = join(folder, out, name);
  return readSafetensors(new Uint8Array(await readFile(path)), path);
};

test('the model that is best on held-out images is that of the run, and is scored on the test images at the end', async () => {
  const { code, stdout, stderr } = await coinHere(
    ...args('habits', '--optimizer', 'adamw', '--lr', '0.01', '--warmup', '1', '--min-lr', '0.001', '--clip', '0.5'),
    ...['--ema', '0.5', '--freeze', 'conv1, bn1', '--balanced', '--drop-last', '--steps', '16'],
    ...['--select', 'best-val', '--held-out', '0.2'],
  );
  assert.is(code, 0, stderr);
  const [head, ...lines] = await linesOf('habits');
  // 27 images of three classes less two of each, in whole batches of 4.
  assert.is((lines[0] as { images: number }).images, 21);
  assert.is(lines.filter(({ type }) => type === 'step').length > 0, true);
  const { settings } = head as { settings: Record<string, unknown> };
  assert.equal(
    [settings.epochs, settings.steps, settings.optimizer, settings.max_norm, settings.ema, settings.freeze],
    [4, 16, 'adamw', 0.5, 0.5, ['encoder.conv1', 'encoder.bn1']],
  );
  assert.equal(settings.schedule, { floor: 0.001, shape: 'warmup_cosine', warmup_epochs: 1, changes: 'step' });
  const evaluations = lines.filter(({ type, epoch }) => type === 'evaluation' && epoch !== 0);
  const top = Math.max(...evaluations.map(({ top1 }) => top1 as number));
  const epoch = evaluations.find(({ top1 }) => top1 === top)!.epoch;
  const [result] = JSON.parse(await readFile(join(folder, 'habits', 'results.json'), 'utf8'));
  assert.equal(result.selected, { rule: 'best-val', epoch });
  assert.is((await modelIn('habits', 'ce-tuning-best.safetensors')).metadata.epoch, `${epoch}`);
  assert.match(stdout, /^checkpoint: \S+ce-tuning-best\.safetensors,/m);
  assert.match(
    await readFile(join(folder, 'habits', 'report.html'), 'utf8'),
    /best on training images which were held out/,
  );
  const score = await coinHere(
    'eval',
    '--data',
    data,
    '--weights',
    join(folder, 'habits', 'ce-tuning-best.safetensors'),
  );
  assert.is(Number(/top-1 +([\d.]+) %/.exec(score.stdout)?.[1]), Number(result.top1.toFixed(2)));
});

test('pre-training takes the same habits, chooses by neighbours, and is repeated by its settings', async () => {
  const habits = [
    ...['--optimizer', 'adamw', '--betas', '0.8,0.9', '--lr', '0.01', '--warmup', '1', '--min-lr', '0.001', '--clip'],
    ...['0.5', '--ema', '0.5', '--freeze', 'conv1', '--decay', 'matrices', '--steps', '8', '--select', 'best-val'],
    ...['--held-out', '0.2', '--evaluate-every', '1'],
  ];
  const model = ['--width', '4', '--projection', '8', '--batch', '4'];
  const out = join(folder, 'pretrained');
  const { code, stdout, stderr } = await coinHere('pretrain', '--data', data, ...model, ...habits, '--out', out);
  assert.is(code, 0, stderr);
  const [head, ...lines] = (await readFile(join(out, 'simclr.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const { settings } = head;
  assert.equal(
    [
      settings.optimizer,
      settings.betas,
      settings.max_norm,
      settings.ema,
      settings.freeze,
      settings.decay,
      settings.steps,
    ],
    ['adamw', [0.8, 0.9], 0.5, 0.5, ['encoder.conv1'], 'matrices', 8],
  );
  assert.equal(settings.schedule, { floor: 0.001, warmup_epochs: 1 });
  assert.is(lines[0].images, 21);
  const evaluations = lines.filter(({ type, epoch }) => type === 'evaluation' && epoch !== 0);
  const top = Math.max(...evaluations.map(({ knn }) => knn));
  const [result] = JSON.parse(await readFile(join(out, 'results.json'), 'utf8'));
  assert.equal(result.selected, { rule: 'best-val', epoch: evaluations.find(({ knn }) => knn === top).epoch });
  assert.match(stdout, /^checkpoint: \S+simclr-best\.safetensors,/m);
  const again = await coinHere(
    'pretrain',
    '--config',
    join(out, 'run.yaml'),
    '--out',
    join(folder, 'pretrained again'),
  );
  assert.is(again.code, 0, again.stderr);
  const bytes = (name: string) => readFile(join(folder, name, 'simclr-best.safetensors'));
  assert.equal(await bytes('pretrained again'), await bytes('pretrained'));
});

for (const [more, told] of [
  [['--optimizer', 'adamw', '--momentum', '0.5'], /--momentum has no effect: AdamW does not read it/],
  [['--steps', '5', '--epochs', '2'], /--epochs has no effect beside --steps/],
  [['--held-out', '0.5'], /--held-out has no effect without --select best-val/],
  [['--layer-decay', '0.5'], /--layer-decay has no effect: a resnet8 is no vision transformer/],
  [['--freeze', 'layer9'], /The model has no encoder\.layer9 to freeze; it has: encoder\.conv1, /],
  [['--betas', '0.9,0.9'], /--betas has no effect: SGD does not read it/],
  [['--optimizer', 'adamw', '--betas', '0.9'], /It must be two numbers from 0 to below 1, such as 0\.9,0\.95/],
  [['--warmup', '101'], /--warmup 101 is longer than the whole run, which has 100 epochs/],
  [['--batch', '30', '--drop-last'], /A batch of 30 cannot be made/],
] as const)
  test(`${more.join(' ')} is refused in one sentence`, async () => {
    const { code, stderr } = await coinHere(...args(`refused${more.join('')}`, ...more));
    assert.is(code, 1);
    assert.match(stderr, told);
    assert.equal(await readdir(join(folder, `refused${more.join('')}`)).catch(() => []), []);
  });

const evaluation = (epoch: number, top1: number): TrainEvent => ({ type: 'evaluation', epoch, top1 });

test('the best evaluation after training is kept, the first of equals, of a run that goes on too', async () => {
  const saved: number[] = [];
  const checkpoint = (epoch: number): TrainEvent => ({
    ...{ type: 'checkpoint', epoch, step: epoch, final: false },
    capture: async () => ({ place: { ...BEGINNING, epoch }, tensors: new Map(), steps: {} }),
  });
  const start = (evaluated: number): TrainEvent =>
    ({ type: 'start', from: { epoch: evaluated, index: 0, evaluated } }) as TrainEvent;
  const before = [evaluation(0, 99), evaluation(1, 50), evaluation(2, 80), evaluation(3, 90)];
  const now = [
    start(2),
    evaluation(3, 80),
    checkpoint(3),
    evaluation(4, 85),
    checkpoint(4),
    evaluation(5, 85),
    checkpoint(5),
  ];
  const events = async function* () {
    yield* now;
  };
  const save = async ({ place }: RunState) => void saved.push(place.epoch);
  for await (const _ of keepBest(events(), { before, save }));
  assert.equal(saved, [4]);
  assert.equal(bestOf([...before, ...now]), { epoch: 4, accuracy: 85 });
});

test('images are held out of each class by the seed alone, and the rest is all others', () => {
  const labels = Int32Array.from({ length: 40 }, (_, i) => (i < 30 ? 0 : i < 39 ? 1 : 2));
  const { rest, heldOut } = holdOut(allIndices(40), labels, 0.2, 7);
  assert.equal(
    [...rest, ...heldOut].sort((a, b) => a - b),
    [...allIndices(40)],
  );
  const count = (label: number) => heldOut.filter((index) => labels[index] === label).length;
  assert.equal([0, 1, 2].map(count), [6, 2, 0]);
  assert.equal(holdOut(allIndices(40), labels, 0.2, 7).heldOut, heldOut);
  assert.not.equal(holdOut(allIndices(40), labels, 0.2, 8).heldOut, heldOut);
});

test.run();
