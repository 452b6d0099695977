import { type Comparison, summarise } from '../../../bench/peers/summary.ts';
import { assert, suite } from '../../harness.ts';

const test = suite('comparison with peers');

const comparison = (group: Comparison['group'], medians: Record<string, number>): Comparison => ({
  ...{ name: '', group, medians },
  first: {},
});

test('a group has the geometric mean of its ratios, and the worst one is of all groups', () => {
  const comparisons = [
    comparison('kernels', { own: 2, a: 4, b: 6 }),
    comparison('kernels', { own: 1, a: 8, b: 3 }),
    comparison('training', { own: 10, a: 15, b: 120 }),
  ];
  assert.equal(summarise('card', comparisons, 'own', ['a', 'b']), {
    adapter: 'card',
    kernels: { a: 4, b: 3 },
    training: { a: 1.5, b: 12 },
    worst: 1.5,
  });
});

test.run();
