import { permute, toEngineLayout, toTorchLayout } from '../../src/weights/layout.ts';
import { assert, suite } from '../harness.ts';

const test = suite('layout');
const counted = (n: number) => Float32Array.from({ length: n }, (_, i) => i);

test('permute moves every element where its indices say', () => {
  const shape = [2, 3, 4, 5] as const;
  const { data, shape: moved } = permute(counted(120), shape, [2, 0, 3, 1]);
  assert.equal(moved, [4, 2, 5, 3]);
  for (let i = 0; i < 2; i++) {
    for (let j = 0; j < 3; j++) {
      for (let k = 0; k < 4; k++) {
        for (let l = 0; l < 5; l++) assert.is(data[((k * 2 + i) * 5 + l) * 3 + j], ((i * 3 + j) * 4 + k) * 5 + l);
      }
    }
  }
});

test('an activation becomes NHWC', () => {
  const { data, shape } = toEngineLayout('activation', counted(8), [1, 2, 2, 2]);
  assert.equal(shape, [1, 2, 2, 2]);
  assert.equal([...data], [0, 4, 1, 5, 2, 6, 3, 7]);
});

test('a convolution weight becomes HWIO', () => {
  // Two output channels, three input channels, one by two taps: element (o, i, h, w) is 6o + 2i + w.
  const { data, shape } = toEngineLayout('conv_weight', counted(12), [2, 3, 1, 2]);
  assert.equal(shape, [1, 2, 3, 2]);
  assert.equal([...data], [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
});

test('a linear weight becomes (in, out)', () => {
  const { data, shape } = toEngineLayout('linear_weight', counted(6), [2, 3]);
  assert.equal(shape, [3, 2]);
  assert.equal([...data], [0, 3, 1, 4, 2, 5]);
});

test('the way back is the inverse', () => {
  for (const [layout, shape] of [
    ['activation', [2, 3, 4, 5]],
    ['conv_weight', [2, 3, 4, 5]],
    ['linear_weight', [10, 12]],
  ] as const) {
    const engine = toEngineLayout(layout, counted(120), shape);
    assert.equal(toTorchLayout(layout, engine.data, engine.shape), { data: counted(120), shape: [...shape] });
  }
});

test('empty tensors and scalars', () => {
  assert.equal(permute(counted(0), [0, 5], [1, 0]), { data: counted(0), shape: [5, 0] });
  assert.equal(permute(Int32Array.of(3), [], []), { data: Int32Array.of(3), shape: [] });
});

test('refuses axes and shapes that do not fit', () => {
  assert.throws(() => permute(counted(6), [2, 3], [0, 0]), /axes \[0,0\] are no order of the 2 axes/);
  assert.throws(() => permute(counted(6), [2, 3], [0]), /no order/);
  assert.throws(() => permute(counted(6), [2, 4], [1, 0]), /6 elements, and its shape \[2,4\] needs 8/);
});

test.run();
