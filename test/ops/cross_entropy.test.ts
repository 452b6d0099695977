import { evaluate } from '../../src/conformance/evaluate.ts';
import { crossEntropy } from '../../src/ops/cross_entropy.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { goldenCases } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';
import { checkGolden, checkReference, noise, type Subject } from './against.ts';

const test = suite('cross_entropy');

const subject: Subject = {
  op: 'cross_entropy',
  constant: ['target'],
  build:
    ({ label_smoothing }) =>
    (tape, { logits, target }) => ({
      y: crossEntropy(tape, logits!, target!, { label_smoothing: label_smoothing as number | undefined }),
    }),
};

const labels = (rows: number, classes: number) => ({
  shape: [rows],
  data: Int32Array.from({ length: rows }, (_, i) => (i * 7 + 3) % classes),
});

for (const name of goldenCases('cross_entropy')) test(name, () => checkGolden(subject, name));

for (const [rows, classes] of [
  [1, 1],
  [7, 10],
  [130, 3],
  [5, 1001],
] as const)
  for (const label_smoothing of [0, 0.2]) {
    test(`against float64: [${rows}, ${classes}], smoothing ${label_smoothing}`, () =>
      checkReference(
        subject,
        { label_smoothing, target: 'index' },
        { logits: noise([rows, classes], 1, 5, 3), target: labels(rows, classes) },
      ));
    test(`against float64: probabilities [${rows}, ${classes}], smoothing ${label_smoothing}`, () => {
      const target = noise([rows, classes], 5, 0.5, 0.1);
      const attrs = { label_smoothing, target: 'probability' };
      return checkReference(subject, attrs, { logits: noise([rows, classes], 1, 5, 3), target });
    });
  }

test('logits far from zero neither overflow nor cancel', () =>
  checkReference(
    subject,
    { target: 'index' },
    { logits: noise([9, 12], 1, 300, 20), target: labels(9, 12) },
    { rtol: 1e-4, atol: 1e-4 },
  ));

test('a label that is no class adds nothing', async () => {
  const logits = noise([4, 5]);
  const target = { shape: [4], data: Int32Array.of(1, -1, 4, 5) };
  const upstream = { shape: [1], data: Float32Array.of(1) };
  const { gradients, outputs } = await evaluate(
    await testDevice(),
    (tape, { logits, target }) => ({ y: crossEntropy(tape, logits!, target!) }),
    { logits, target },
    { upstream },
  );
  const rows = Array.from({ length: 4 }, (_, row) => [...gradients.logits!.data].slice(5 * row, 5 * row + 5));
  assert.equal(
    rows.map((row) => row.some((value) => value !== 0)),
    [true, false, true, false],
  );
  assert.ok(outputs.y!.data[0]! > 0);
});

test('refuses what does not fit', async () => {
  const tape = createTape((await testDevice()).target);
  const logits = tape.input('logits', [4, 3]);
  const short = tape.input('short', [3], 'i32');
  assert.throws(
    () => crossEntropy(tape, logits, short),
    /cross_entropy: short is i32 \[3\], but it must be labels, i32 \[4\], or probabilities, f32 \[4, 3\]\./,
  );
});

test.run();
