import { parseCase } from '../../src/conformance/case.ts';
import { runCase } from '../../src/conformance/runner.ts';
import { classAlignment, uniformity } from '../../src/metrics/alignment_uniformity.ts';
import { confusion } from '../../src/metrics/confusion.ts';
import { knn } from '../../src/metrics/knn.ts';
import { argmax, topK } from '../../src/metrics/top_k.ts';
import { testDevice } from '../device.ts';
import { fixture } from '../fixtures.ts';
import { type GoldenOp, goldenCases, goldenOps } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';
import { refusal } from '../refusal.ts';

const test = suite('metrics');

for (const op of goldenOps.filter((name: GoldenOp) => name.startsWith('metrics/')))
  test(`${op} is as PyTorch computes it`, async () => {
    for (const name of goldenCases(op)) {
      const golden = parseCase(name, await fixture(`test/golden/${name}.safetensors`));
      for await (const { failures } of runCase(await testDevice(), golden)) assert.equal(failures, [], name);
    }
  });

test('of equal logits the first is taken, and a label that is no class is never right', () => {
  assert.equal([...argmax([1, 3, 3, 5, 5, 0], 3)], [1, 0]);
  const logits = [1, 3, 3, 1, 3, 3, 1, 3, 3, 1, 3, 3];
  assert.equal(topK(logits, [1, 1, 0, -1], [1, 2, 3, 9]).correct, [2, 2, 3, 3]);
  assert.throws(() => topK(logits, [1, 2, 0, -1, 1], [1]), /12 logits cannot be shared by 5 labels/);
});

test('what is no class is refused by name, and no sample at all', () => {
  assert.throws(() => confusion([0, 1], [0, 3], 3), /sample 1 has label 1 and prediction 3, but classes are 0 to 2/);
  assert.throws(() => confusion([], [], 3), /0 labels and 0 predictions/);
});

/** Points that no two orders of summing would rank differently, and more than one strip of cosines. */
const points = (n: number, d: number, phase: number) => ({
  features: Float32Array.from({ length: n * d }, (_, i) => Math.sin(i * i * 0.7 + i + phase)),
  labels: Int32Array.from({ length: n }, (_, i) => (i * i + phase) % 7),
});

test('neighbours are those of a plain loop, over several strips of queries', async () => {
  const [bank, queries, d] = [points(3100, 3, 1), points(1400, 3, 2), 3];
  const options = { classes: 7, k: 5, temperature: 0.5 };
  const { scores, predictions } = await knn(await testDevice(), bank, queries, options);
  const unit = (features: Float32Array, row: number) => {
    const values = [...features.subarray(row * d, (row + 1) * d)];
    return values.map((value) => value / Math.hypot(...values));
  };
  for (const query of [0, 700, 1352, 1353, 1399]) {
    const own = unit(queries.features, query);
    const cosines = Array.from({ length: 3100 }, (_, row) =>
      unit(bank.features, row).reduce((sum, value, p) => sum + value * (own[p] as number), 0),
    );
    const nearest = [...cosines.keys()].sort((a, b) => cosines[b]! - cosines[a]!).slice(0, 5);
    const want = new Float64Array(7);
    for (const row of nearest) want[bank.labels[row]!]! += Math.exp(cosines[row]! / 0.5);
    for (let c = 0; c < 7; c++) assert.ok(Math.abs(scores[7 * query + c]! - want[c]!) < 1e-3, `${query}, class ${c}`);
    assert.is(predictions[query], want.indexOf(Math.max(...want)));
  }
});

test('uniformity goes through every pair once, over several strips', async () => {
  const { features } = points(2100, 2, 3);
  let sum = 0;
  const angles = Array.from({ length: 2100 }, (_, i) => Math.atan2(features[2 * i + 1]!, features[2 * i]!));
  for (const [i, a] of angles.entries()) for (const b of angles.slice(0, i)) sum += Math.exp(4 * Math.cos(a - b) - 4);
  const want = Math.log(sum / ((2100 * 2099) / 2));
  assert.ok(Math.abs((await uniformity(await testDevice(), features, 2100)) - want) < 1e-5);
});

test('what has no pairs or no numbers is told', async () => {
  const device = await testDevice();
  assert.is(classAlignment(Float32Array.of(1, 2, 3), [0, 1, 2]), undefined);
  assert.match(await refusal(uniformity(device, Float32Array.of(1, 2), 1)), /pairs of points only from two points on/);
  assert.match(await refusal(uniformity(device, Float32Array.of(1, Number.NaN), 2)), /a feature is NaN/);
  const bank = { features: Float32Array.of(1, 2), labels: Int32Array.of(0, 4) };
  assert.match(
    await refusal(knn(device, bank, bank, { classes: 4 })),
    /the bank has the label 4, but classes are 0 to 3/,
  );
});

test.run();
