import { peerMeans, type SideBySide, sideBySideTable } from '../../src/bench/side_by_side.ts';
import { assert, suite } from '../harness.ts';

const test = suite('engines side by side');

const sideBySide = (name: string, group: SideBySide['group'], medians: Record<string, number>): SideBySide => ({
  ...{ name, group, without: {} },
  timings: Object.fromEntries(
    Object.entries(medians).map(([engine, median]) => [engine, { median, spread: 0, samples: 3, first: 10 * median }]),
  ),
});

const all = [
  sideBySide('one', 'kernels', { coin: 2, a: 4, b: 6 }),
  sideBySide('two', 'kernels', { coin: 1, a: 8, b: 3 }),
  { ...sideBySide('three', 'kernels', { coin: 1, a: 4 }), without: { b: 'it has no three' } },
  sideBySide('train', 'training', { coin: 10, a: 15, b: 120 }),
];

test('a group has the geometric mean of the ratios that there are', () => {
  const { kernels, training } = peerMeans(all);
  assert.equal(training, { a: 1.5, b: 12 });
  assert.ok(Math.abs(kernels.a! - 4) < 1e-12 && Math.abs(kernels.b! - 3) < 1e-12, JSON.stringify(kernels));
  assert.equal(peerMeans([]), { kernels: {}, training: {} });
});

test('a table tells each time with that of the first run, why there is none, and the means', () => {
  assert.equal(sideBySideTable(all), [
    '| median ms [first run] | coin | a | b | × a | × b |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    '| one | 2.00 [20] | 4.00 [40] | 6.00 [60] | 2.00 | 3.00 |',
    '| two | 1.00 [10] | 8.00 [80] | 3.00 [30] | 8.00 | 3.00 |',
    '| three | 1.00 [10] | 4.00 [40] | it has no three | 4.00 |  |',
    '| train | 10.0 [100] | 15.0 [150] | 120 [1200] | 1.50 | 12.00 |',
    '| geometric mean, kernels |  |  |  | 4.00 | 3.00 |',
    '| geometric mean, training |  |  |  | 1.50 | 12.00 |',
  ]);
});

test.run();
