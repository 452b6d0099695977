import { viewSize } from '../../src/cli/load_data.ts';
import { equalSizes } from '../../src/data/dataset.ts';
import { assert, suite } from '../harness.ts';

const test = suite('size of views');

test('images of one size keep it, and large ones are seen at 224', () => {
  assert.equal(viewSize({ sizes: equalSizes(3, [28, 30]) }), {});
  assert.equal(viewSize({ sizes: equalSizes(3, [600, 400]) }), { size: [224, 224] });
  assert.equal(viewSize({ sizes: equalSizes(3, [28, 30]) }, 64), { size: [64, 64] });
});

test('images of different sizes are seen at about the median of their shorter sides', () => {
  const size = (...sizes: number[]) => viewSize({ sizes: Uint32Array.from(sizes) }).size;
  assert.equal(size(60, 90, 62, 61, 500, 600), [64, 64]);
  assert.equal(size(10, 90, 12, 61), [32, 32]);
  assert.equal(size(600, 400, 300, 900, 1000, 333), [224, 224]);
});
