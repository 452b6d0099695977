import { allCases, inputTensors, inputValues, recordCase, selectCases } from '../../src/bench/cases.ts';
import type { Target } from '../../src/gpu/kernel/target.ts';
import { createTape } from '../../src/tape/tape.ts';
import { elements, type Tensor, variable } from '../../src/tape/tensor.ts';
import { assert, suite } from '../harness.ts';

const test = suite('bench cases');

const target: Target = {
  ...{ kind: 'cpu', name: 'none', features: new Set(), subgroupSize: 0 },
  limits: {
    ...{ maxBufferSize: 2 ** 30, maxStorageBufferBindingSize: 2 ** 30, maxComputeWorkgroupsPerDimension: 65535 },
    ...{ maxComputeWorkgroupStorageSize: 16384, maxComputeInvocationsPerWorkgroup: 256 },
    minStorageBufferOffsetAlignment: 256,
  },
};

const namesOf = (pattern: string, options = {}) => selectCases(pattern, options).map(({ name }) => name);

test('the distinct convolutions of the ResNets', () => {
  const forward = (words: string) => namesOf(`conv forward ${words}`, { all: true, batch: 3 });
  assert.is(forward('resnet18 224px').length, 11);
  // 1×1 and 3×3 convolutions at four widths and their strided and first ones, the stem and four shortcuts.
  assert.is(forward('resnet50 224px').length, 23);
  assert.ok(forward('resnet50 224px').includes('conv 7x7 s2 N3 C3 224x224 K64 forward'));
  assert.ok(forward('resnet18 32px').includes('conv 3x3 s1 N3 C3 32x32 K64 forward'));
});

test('all engines are compared by two matrix products and the three passes of three convolutions', () => {
  const compared = selectCases('peers', { all: true });
  const convs = ['1x1 s1 N16 C64 16x16 K128', '3x3 s1 N16 C64 16x16 K64', '3x3 s2 N16 C64 16x16 K128'];
  assert.equal(compared.map(({ name }) => name).sort(), [
    ...convs.flatMap((conv) => ['dgrad', 'forward', 'wgrad'].map((pass) => `conv ${conv} ${pass}`)),
    'matmul 1024 NN',
    'matmul 512 NN',
  ]);
  assert.ok(compared.every(({ problem }) => problem));
});

test('a pattern takes the usual cases first, and all where none is usual', () => {
  assert.equal(namesOf('matmul 512 NT'), ['matmul 512 NT']);
  assert.equal(namesOf('matmul 4096 TT'), ['matmul 4096 TT']);
  assert.ok(namesOf('matmul', { all: true }).length > namesOf('matmul').length);
  assert.throws(() => selectCases('no such case'), /No benchmark matches "no such case"/);
});

test('names are distinct', () => {
  for (const kind of ['cpu', 'gpu'] as const) {
    const names = allCases({ kind }).map(({ name }) => name);
    assert.is(new Set(names).size, names.length);
  }
});

test('every case of a GPU can be recorded', () => {
  for (const bench of allCases({ kind: 'gpu' })) {
    const values = bench.values
      ? inputTensors(bench)
      : Object.fromEntries(Object.entries(bench.inputs).map(([name, shape]) => [name, variable(name, shape)]));
    for (const name of bench.gradientsOf ?? []) (values[name] as Tensor).requiresGrad = true;
    const tape = createTape({ ...target, kind: 'gpu' });
    recordCase(tape, bench, values);
    assert.ok(tape.outputs.has('result'), bench.name);
  }
});

// A reference that is all zeros or not finite would accept too much.
for (const bench of selectCases('', { batch: 1, kind: 'cpu', all: true }).filter(
  ({ name }) => !/2048|4096|8192|25M|224x224|112|4M/.test(name),
))
  test(`${bench.name} can be recorded and has a reference`, () => {
    const values = inputValues(bench);
    const tape = createTape(target);
    recordCase(tape, bench, inputTensors(bench, values));
    const size = elements(tape.outputs.get('result')?.shape ?? []);
    const samples = [...bench.reference(values)];
    assert.ok(samples.length > 0);
    assert.ok(samples.every(([index, value]) => index < size && Number.isFinite(value)));
    assert.ok(samples.some(([, value]) => value !== 0));
  });

test.run();
