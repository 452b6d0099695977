import { compare, parseCase, toleranceOf } from '../../src/conformance/case.ts';
import type { HostTensor } from '../../src/weights/host-tensor.ts';
import { writeSafetensors } from '../../src/weights/safetensors.ts';
import { fixture } from '../fixtures.ts';
import { goldenCases, goldenModels, goldenOps } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';

const test = suite('golden case');

test('every golden case is read', async () => {
  for (const name of [...goldenOps.flatMap(goldenCases), ...goldenModels]) {
    const golden = parseCase(`${name}.safetensors`, await fixture(`test/golden/${name}.safetensors`));
    assert.is(golden.name, name.split('/').at(-1));
    assert.ok(golden.name.startsWith(golden.op));
    assert.ok(golden.tolerance.rtol >= 0);
  }
});

test('a case holds its tensors by name', async () => {
  const golden = parseCase('test/golden/conv2d-00.safetensors', await fixture('test/golden/conv2d-00.safetensors'));
  assert.is(golden.name, 'conv2d-00');
  assert.is(golden.op, 'conv2d');
  assert.equal(golden.attrs, { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 });
  assert.equal(Object.keys(golden.inputs), ['x', 'weight', 'bias']);
  assert.equal(Object.keys(golden.grads), ['x', 'weight', 'bias']);
  assert.equal(golden.inputs.weight?.shape, [1, 1, 3, 3]);
  assert.equal(golden.outputs.y?.shape, golden.upstreams.y?.shape);
});

test('a tolerance may differ for one tensor', async () => {
  const golden = parseCase('model_resnet18', await fixture('test/golden/model_resnet18.safetensors'));
  assert.equal(toleranceOf(golden, 'output.logits_eval'), { rtol: 0.01, atol: 0.0005 });
  assert.equal(toleranceOf(golden, 'output.grad.conv1.weight'), { rtol: 0.05, atol: 0.0005 });
});

const one: HostTensor = { dtype: 'F32', shape: [1], data: new Float32Array(1) };
const two: HostTensor = { dtype: 'F32', shape: [2], data: new Float32Array(2) };
const valid = { op: 'relu', attrs: '{}', tolerance: '{"rtol":0,"atol":0}' };

const refused: [string, Record<string, HostTensor>, Record<string, string>, RegExp][] = [
  ['no op', { 'output.y': one }, { ...valid, op: '' }, /bad\.safetensors is not a golden case: .*"op"/],
  ['no attributes', { 'output.y': one }, { ...valid, attrs: '[]' }, /no JSON object "attrs"/],
  ['no tolerance', { 'output.y': one }, { op: 'relu', attrs: '{}' }, /no JSON object "tolerance"/],
  ['half a tolerance', { 'output.y': one }, { ...valid, tolerance: '{"rtol":1}' }, /"rtol" and "atol"/],
  ['an unknown tensor', { 'output.y': one, state: one }, valid, /tensor "state" is no input/],
  ['no output', { 'input.x': one }, valid, /has no outputs/],
  ['a gradient of nothing', { 'output.y': one, 'grad.x': one }, valid, /"grad\.x" has no "input\.x"/],
  ['an upstream of another shape', { 'output.y': one, 'upstream.y': two }, valid, /shape \[2\] and "output\.y" \[1\]/],
  ['gradients without upstream', { 'input.x': one, 'output.y': one, 'grad.x': one }, valid, /no upstream/],
  [
    'a tolerance for nothing',
    { 'output.y': one },
    { ...valid, tolerance: '{"rtol":0,"atol":0,"tensors":{"output.z":{"rtol":1}}}' },
    /tensor "output\.z" that it does not have/,
  ],
];

for (const [what, tensors, metadata, message] of refused) {
  test(`refuses ${what}`, () => {
    const bytes = writeSafetensors(new Map(Object.entries(tensors)), metadata);
    assert.throws(() => parseCase('bad.safetensors', bytes), message);
  });
}

test('compare takes maxima over the whole tensor', () => {
  assert.equal(compare([1, 2.5], [1, 2], { rtol: 0.25, atol: 0 }), { ok: true, error: 0.5, limit: 0.5 });
  assert.equal(compare([1.5, 2], [1, 2], { rtol: 0.125, atol: 0.125 }), { ok: false, error: 0.5, limit: 0.375 });
});

test('compare fails on NaN and on infinity', () => {
  const tolerance = { rtol: 1, atol: 1 };
  for (const got of [
    [Number.NaN, 5],
    [5, Number.NaN],
    [Number.POSITIVE_INFINITY, 5],
  ]) {
    assert.not(compare(got, [5, 5], tolerance).ok);
  }
  assert.not(compare([Number.NaN], [Number.NaN], tolerance).ok);
});

test('compare refuses tensors of different lengths', () => {
  assert.throws(() => compare([1], [1, 2], { rtol: 0, atol: 0 }), /1 elements, and 2 are wanted/);
});

test.run();
