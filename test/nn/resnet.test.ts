import { parseCase } from '../../src/conformance/case.ts';
import { withClassifier } from '../../src/nn/encoder.ts';
import { createModel, type Model } from '../../src/nn/model.ts';
import { resnet18, resnet50, resnet56 } from '../../src/nn/resnet.ts';
import { createStore, type Store } from '../../src/nn/store.ts';
import { contentsOf, elements } from '../../src/tape/tensor.ts';
import { torchShape } from '../../src/weights/state_dict.ts';
import { fixture } from '../fixtures.ts';
import { assert, suite } from '../harness.ts';

const test = suite('models');

const parametersOf = ({ entries }: Store) => entries.filter(({ tensor }) => 'gradient' in tensor);
const count = (store: Store) => parametersOf(store).reduce((sum, { tensor }) => sum + elements(tensor.shape), 0);

// Numbers and names of torchvision's models.
for (const { name, make, encoder, whole, tensors } of [
  { name: 'resnet18', make: resnet18, encoder: 11_176_512, whole: 11_689_512, tensors: 62 },
  { name: 'resnet50', make: resnet50, encoder: 23_508_032, whole: 25_557_032, tensors: 161 },
])
  test(`${name} has torchvision's parameters, by its names and in its order`, async () => {
    const store = createStore(0);
    const body = make(store);
    assert.is(count(store), encoder);
    withClassifier(store, body, 1000);
    assert.is(count(store), whole);
    const golden = `model_${name}`;
    const { attrs } = parseCase(golden, await fixture(`test/golden/${golden}.safetensors`));
    assert.is(attrs.arch, name);
    assert.equal(
      parametersOf(store).map(({ name }) => name),
      attrs.parameters,
    );
    assert.is(parametersOf(store).length, tensors);
  });

test('the ResNet-56 for CIFAR has the parameters that its widths make, and its shortcuts are named as in its checkpoints', () => {
  const store = createStore(0);
  const { dim } = resnet56(store);
  assert.is(dim, 64);
  // A convolution's weights and two of its batch norm: the stem, each stage's convolutions, the two projections.
  const conv = (from: number, to: number, taps = 9) => from * to * taps + 2 * to;
  const stages = 18 * conv(16, 16) + conv(16, 32) + 17 * conv(32, 32) + conv(32, 64) + 17 * conv(64, 64);
  assert.is(count(store), conv(3, 16) + stages + conv(16, 32, 1) + conv(32, 64, 1));
  assert.equal(
    parametersOf(store)
      .map(({ name }) => name)
      .filter((name) => name.includes('shortcut')),
    ['2', '3'].flatMap((stage) => ['0.weight', '1.weight', '1.bias'].map((name) => `layer${stage}.0.shortcut.${name}`)),
  );
});

test('COIN on ResNet-50 with 10 classes has the parameters that its logs tell', () => {
  const { store } = createModel({ arch: 'resnet50', projector: {}, classes: 10, seed: 0 });
  assert.is(count(store), 28_249_408);
  assert.equal(
    store.entries.slice(-5).map((entry) => [entry.name, torchShape(entry)]),
    [
      ['projector.0.weight', [2048, 2048]],
      ['projector.0.bias', [2048]],
      ['projector.2.weight', [256, 2048]],
      ['projector.2.bias', [256]],
      ['classifier.weight', [10, 2048]],
    ],
  );
});

test("first values have the spread of PyTorch's initialisers and depend on seed and name alone", () => {
  const made = (seed: number) => createModel({ arch: 'resnet18', projector: {}, classes: 10, seed });
  const valuesOf = ({ store }: Model, name: string) => {
    const parameter = store.entries.find((entry) => entry.name === name)?.tensor;
    const { chunk, offset } = parameter!.storage!;
    return contentsOf(chunk.initial.find((part) => part.offset === offset)!) as Float32Array;
  };
  const deviation = (values: Float32Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  const model = made(1);
  const conv = valuesOf(model, 'encoder.layer1.0.conv1.weight');
  assert.ok(Math.abs(deviation(conv) / Math.sqrt(2 / (9 * 64)) - 1) < 0.02);
  const linear = valuesOf(model, 'projector.0.weight');
  const bound = 1 / Math.sqrt(512);
  assert.ok(linear.every((value) => Math.abs(value) <= bound));
  assert.ok(Math.abs(deviation(linear) / (bound / Math.sqrt(3)) - 1) < 0.01);
  assert.equal([...conv.subarray(0, 8)], [...valuesOf(made(1), 'encoder.layer1.0.conv1.weight').subarray(0, 8)]);
  assert.not.equal([...conv.subarray(0, 8)], [...valuesOf(made(2), 'encoder.layer1.0.conv1.weight').subarray(0, 8)]);
  assert.not.equal([...conv.subarray(0, 8)], [...valuesOf(model, 'encoder.layer1.0.conv2.weight').subarray(0, 8)]);
});

test('two parameters of one name are refused', () => {
  const store = createStore(0);
  store.buffer('x', [1], 0);
  assert.throws(() => store.buffer('x', [1], 0), /already has an entry named x/);
});
