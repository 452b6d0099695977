// The references against numbers that others computed: PyTorch's outputs and gradients in the golden cases, and
// published constants.

import { type Case, compare, parseCase, toleranceOf } from '../../src/conformance/case.ts';
import { erf } from '../../src/conformance/reference/elementwise.ts';
import { centralDifference } from '../../src/conformance/reference/gradient.ts';
import { type Array64, array64, type Inputs, references } from '../../src/conformance/reference/index.ts';
import { random4 } from '../../src/data/random.ts';
import { formulaWeight } from '../../src/weights/formula.ts';
import { type HostTensor, toFloat32 } from '../../src/weights/host-tensor.ts';
import { fixture } from '../fixtures.ts';
import { goldenCases, goldenOps } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';

const test = suite('reference');

// What float32 rounding of the stored numbers leaves; far tighter than the tolerances that the engine is held to.
const STORED = { rtol: 1.5e-7, atol: 1e-9 };
const DIFFERENCED = { rtol: 1e-6, atol: 1e-7 };
const POSITIONS = 12;

const toArray64 = ({ shape, data }: HostTensor): Array64 => array64(data as Float32Array | Int32Array, shape);
const allToArray64 = (tensors: Record<string, HostTensor>): Inputs =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toArray64(tensor)]));

function checkOutputs({ op, attrs, inputs, outputs }: Case): void {
  const got = references[op]!(allToArray64(inputs), attrs);
  for (const [name, want] of Object.entries(outputs)) {
    assert.equal(got[name]?.shape, want.shape, `shape of ${name}`);
    const { error, limit, ok } = compare(got[name]!.data, toArray64(want).data, STORED);
    assert.ok(ok, `${name} is off by ${error}, more than ${limit}`);
  }
}

function checkGradients({ op, attrs, inputs, upstreams, grads }: Case): void {
  for (const [name, tensor] of Object.entries(grads)) {
    const want = toArray64(tensor).data;
    const positions = samplePositions(want.length);
    const got = centralDifference(op, allToArray64(inputs), attrs, name, allToArray64(upstreams), positions);
    // The limit belongs to the whole tensor, so the sample takes the place of its part in it.
    const filled = want.slice();
    positions.forEach((position, i) => {
      filled[position] = got[i]!;
    });
    const { error, limit, ok } = compare(filled, want, DIFFERENCED);
    assert.ok(ok, `the gradient of ${name} is off by ${error}, more than ${limit}`);
  }
}

function samplePositions(length: number): number[] {
  if (length <= POSITIONS) return Array.from({ length }, (_, i) => i);
  return Array.from({ length: POSITIONS }, (_, i) => random4(i, length, 0, 0)[0] % length);
}

for (const name of goldenOps.filter((op) => op in references).flatMap(goldenCases)) {
  test(name, async () => {
    const golden = parseCase(name, await fixture(`test/golden/${name}.safetensors`));
    checkOutputs(golden);
    checkGradients(golden);
  });
}

test('erf has the values of tables', () => {
  // Abramowitz and Stegun, table 7.1, and mpmath for the last two.
  const table: [number, number][] = [
    [0, 0],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [1e-3, 0.0011283787909692365],
    [-3.5, -0.9999992569016276],
    [7, 1],
  ];
  for (const [x, want] of table) {
    assert.ok(Math.abs(erf(x) - want) <= 1e-15 * Math.abs(want), `erf(${x}) is ${erf(x)}, not ${want}`);
  }
});

test('sup_con: published values for six and eight rows', () => {
  const cases: [number[], number, number, string, number][] = [
    [[0, 1, 0, 2, 1, 0], 4, 0.3, 'paper', 1.659712704414],
    [[0, 1, 0, 2, 1, 0], 4, 0.3, 'official', 0.261041870103],
    [[0, 1, 0, 2, 1, 0], 4, 0.07, 'paper', 5.426900062232],
    [[0, 1, 0, 2, 1, 0], 4, 0.07, 'official', 0.304338972524],
    [[0, 0, 1, 1, 1, 2, 3, 3], 3, 0.5, 'paper', 2.600326509973],
    [[0, 0, 1, 1, 1, 2, 3, 3], 3, 0.5, 'official', 0.492625017201],
  ];
  for (const [labels, width, temperature, variant, want] of cases) {
    const inputs = { z: parkMiller(labels.length, width), labels: array64(labels) };
    const { y } = references.sup_con!(inputs, { temperature, variant });
    assert.ok(Math.abs(y!.data[0]! - want) < 1e-11, `${variant} at ${temperature}: ${y!.data[0]}, not ${want}`);
  }
});

test('sup_con: gradient by differences has the published values', () => {
  const inputs = { z: parkMiller(6, 4), labels: array64([0, 1, 0, 2, 1, 0]) };
  const attrs = { temperature: 0.07, variant: 'official' };
  const gradient = centralDifference('sup_con', inputs, attrs, 'z', { y: array64([1]) });
  const want = [0.606670740814, -0.976421378283, -0.383210575323, -1.003797741958];
  assert.ok(compare(gradient.slice(0, 4), want, { rtol: 0, atol: 1e-7 }).ok, String(gradient.slice(0, 4)));
  assert.ok(Math.abs(Math.hypot(...gradient) - 3.252759119705) < 1e-7);
});

test('sup_con: the variants agree where their definitions do', () => {
  const z = parkMiller(6, 5);
  const labels = array64([0, 1, 2, 0, 1, 2]);
  const loss = (attrs: Record<string, unknown>, more: Inputs = {}) =>
    references.sup_con!({ z, labels, ...more }, { temperature: 0.2, ...attrs }).y!.data[0]!;
  const paper = loss({ variant: 'paper' });
  assert.is(loss({ variant: 'nt_xent' }), paper);
  assert.ok(Math.abs(loss({ variant: 'sup_contrast', base_temperature: 0.1 }) - 2 * paper) < 1e-14);
  const a = array64(Array(6).fill(1 / 6));
  const b = array64(
    Array.from({ length: 36 }, (_, i) => Number(Math.abs((i % 6) - Math.floor(i / 6)) === 3) / 6),
    [6, 6],
  );
  assert.ok(Math.abs(loss({ variant: 'general' }, { a, b }) - paper) < 1e-14);
});

test('batch_norm: a residual and a ReLU come after the normalisation', () => {
  const x = array64([1, 3, 5, 7], [4, 1, 1, 1]);
  const inputs = {
    x,
    weight: array64([2]),
    bias: array64([1]),
    running_mean: array64([0]),
    running_var: array64([1]),
    residual: array64([1, 1, -9, -1], [4, 1, 1, 1]),
  };
  const { y } = references.batch_norm!(inputs, { training: true, eps: 0, relu: true });
  // Mean 4, variance 5.
  const want = [0, 2 - 2 / Math.sqrt(5), 0, 6 / Math.sqrt(5)];
  assert.ok(compare(y!.data, want, { rtol: 1e-15, atol: 1e-15 }).ok, String(y!.data));
});

test('sum, mean and weighted_sum', () => {
  const x = array64([1, 2, 3, 4, 5, 6], [2, 3]);
  const values = (op: string, axis: unknown) => [...references[op]!({ x }, { axis }).y!.data];
  assert.equal(values('sum', 'all'), [21]);
  assert.equal(values('sum', 0), [5, 7, 9]);
  assert.equal(values('sum', 1), [6, 15]);
  assert.equal(values('mean', 'all'), [3.5]);
  assert.equal(values('mean', 0), [2.5, 3.5, 4.5]);
  assert.equal(values('mean', -1), [2, 5]);
  const weighted = references.weighted_sum!({ x0: array64([1, 2]), x1: array64([10, 20]) }, { weights: [1, 0.5] });
  assert.equal([...weighted.y!.data], [6, 12]);
});

test('a ResNet-18 of references with formula weights has the logits of torchvision', async () => {
  const golden = parseCase('model_resnet18', await fixture('test/golden/model_resnet18.safetensors'));
  const logits = resnet18(
    toArray64(golden.inputs.x!),
    golden.attrs.formula_salt as number,
    golden.attrs.num_classes as number,
  );
  const want = toFloat32(golden.outputs.logits_eval!);
  const { ok, error } = compare(logits.data, want, { rtol: 1e-6, atol: 0 });
  assert.ok(ok, `the logits are off by ${error}`);
  assert.ok(toleranceOf(golden, 'output.logits_eval').rtol > 1e-6);
});

/** torchvision's ResNet-18 in evaluation mode. */
function resnet18(images: Array64, salt: number, classes: number): Array64 {
  const weight = (name: string, shape: number[]) => array64(formulaWeight(name, shape, salt), shape);
  const conv = (x: Array64, name: string, out: number, size: number, stride: number) => {
    const kernel = weight(`${name}.weight`, [out, x.shape[1]!, size, size]);
    return references.conv2d!({ x, weight: kernel }, { stride, padding: (size - 1) / 2 }).y!;
  };
  const norm = (x: Array64, name: string, relu: boolean, residual?: Array64) => {
    const entries = ['weight', 'bias', 'running_mean', 'running_var'].map((entry) => [
      entry,
      weight(`${name}.${entry}`, [x.shape[1]!]),
    ]);
    const inputs: Inputs = { x, ...Object.fromEntries(entries) };
    if (residual) inputs.residual = residual;
    return references.batch_norm!(inputs, { training: false, relu }).y!;
  };
  let x = norm(conv(images, 'conv1', 64, 7, 2), 'bn1', true);
  x = references.max_pool2d!({ x }, { kernel: 3, stride: 2, padding: 1 }).y!;
  for (let layer = 1; layer <= 4; layer++) {
    for (let block = 0; block < 2; block++) {
      const name = `layer${layer}.${block}`;
      const width = 32 << layer;
      const stride = layer > 1 && block === 0 ? 2 : 1;
      const shortcut =
        stride === 1 ? x : norm(conv(x, `${name}.downsample.0`, width, 1, stride), `${name}.downsample.1`, false);
      const inner = norm(conv(x, `${name}.conv1`, width, 3, stride), `${name}.bn1`, true);
      x = norm(conv(inner, `${name}.conv2`, width, 3, 1), `${name}.bn2`, true, shortcut);
    }
  }
  x = references.global_avg_pool2d!({ x }, {}).y!;
  const head = { weight: weight('fc.weight', [classes, 512]), bias: weight('fc.bias', [classes]) };
  return references.linear!({ x, ...head }, {}).y!;
}

/** The generator of Park and Miller, s ← 16807 s mod (2^31 - 1) from 1, as numbers 2 s / (2^31 - 1) - 1. */
function parkMiller(rows: number, width: number): Array64 {
  let s = 1;
  const next = () => {
    s = (16807 * s) % 2147483647;
    return (2 * s) / 2147483647 - 1;
  };
  return array64(Array.from({ length: rows * width }, next), [rows, width]);
}

test.run();
