import { batchesOf, forward, networks, type Ops, weightsOf } from '../../../bench/peers/networks.ts';
import { assert, suite } from '../../harness.ts';

const test = suite('networks to compare');

const networkOf = (word: string) => networks.find(({ name }) => name.includes(word));

/** Values are what was computed, in words. */
const words: Ops<string> = {
  conv: (x, { name }, residual) => `${name}(${x}${residual === undefined ? '' : `; ${residual}`})`,
  maxPool: (x) => `pool(${x})`,
  globalAvgPool: (x) => `mean(${x})`,
  linear: (x, { name }) => `${name}(${x})`,
  again: (x) => `${x}'`,
};

test('a residual block adds its shortcut to the end of its main path', () => {
  const network = networkOf('ResNet-8');
  const block = network?.layers.slice(0, 3) ?? [];
  assert.is(
    forward(block, 'x', words),
    "stage2.0.conv2(stage2.0.conv1(stage1.0.conv2(stage1.0.conv1(stem(x)); stem(x)')); " +
      "stage2.0.shortcut(stage1.0.conv2(stage1.0.conv1(stem(x)); stem(x)')'))",
  );
});

test("ResNet-18's weights are as many as torchvision's with a 3×3 stem and 10 classes, and each has its own values", () => {
  const network = networkOf('ResNet-18');
  const weights = network ? weightsOf(network) : [];
  const count = weights.filter(({ trained }) => trained).reduce((sum, { data }) => sum + data.length, 0);
  // 11,689,512 for 1,000 classes and a 7×7 stem, less 990 outputs and 40 × 3 × 64 weights.
  assert.is(count, 11_689_512 - 990 * 513 - 40 * 3 * 64);
  const convs = weights.filter(({ layout }) => layout === 'conv_weight');
  assert.is(new Set(convs.map(({ data }) => data[0])).size, convs.length);
});

test('batches take turns and have labels of all classes', () => {
  const network = networkOf('small CNN');
  const batch = batchesOf(network!);
  assert.is(batch(0), batch(4));
  assert.is.not(batch(0).images[0], batch(1).images[0]);
  assert.is(new Set(batch(0).labels).size, 10);
});

test.run();
