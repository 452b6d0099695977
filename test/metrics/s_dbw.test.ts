import { parseCase } from '../../src/conformance/case.ts';
import { type SDbwOptions, sDbw, sDbwInTurns } from '../../src/metrics/s_dbw.ts';
import { fixture } from '../fixtures.ts';
import { goldenCases } from '../golden-cases.ts';
import { assert, suite } from '../harness.ts';
import { fromFormulas } from './s_dbw_formulas.ts';

const test = suite('S_Dbw');

for (const name of goldenCases('s_dbw')) {
  test(name, async () => {
    const { attrs, inputs, outputs } = parseCase(name, await fixture(`test/golden/${name}.safetensors`));
    const features = inputs.features!.data as Float32Array;
    const compute = () => sDbw(features, inputs.labels!.data as Int32Array, attrs as SDbwOptions);
    if (attrs.score_is_nan) {
      assert.throws(compute, /density for two or more clusters equals zero/);
    } else {
      const want = outputs.score!.data[0] as number;
      const { score, scat, dens_bw } = compute();
      assert.ok(Math.abs(score - want) <= 1e-6 + 1e-6 * want, `${score}, not ${want}`);
      assert.is(score, scat + dens_bw);
    }
  });
}

interface Fixture {
  features: Float64Array;
  labels: number[];
}

/**
 * u² plus an offset of every cluster in every dimension, u from the generator of Park and Miller, s ← 16807 s mod (2^31
 * - 1).
 */
function clusters(d: number, sizes: number[], spacing: number, seed: number): Fixture {
  const labels = sizes.flatMap((size, cluster) => Array<number>(size).fill(cluster));
  let s = seed;
  const features = new Float64Array(labels.length * d).map((_, i) => {
    s = (16807 * s) % 2147483647;
    const u = s / 2147483647;
    return u * u + ((7 * labels[Math.floor(i / d)]! + 3 * (i % d)) % 5) * spacing;
  });
  return { features, labels };
}

// What the package s-dbw 0.4.0 gives for them: Halkidi, Kim, Tong, and Tong with medians.
const f1 = clusters(2, [30, 20, 10], 0.15, 1);
const f4 = clusters(1, [60, 30, 10], 0.2, 5);
const published: [Fixture, number[], dens: (number | undefined)[]][] = [
  [
    f1,
    [2.256009196614, 1.580306604503, 1.620459906755, 1.45379324008],
    [1.465201465201, 1.055555555556, 0.833333333333],
  ],
  [
    clusters(3, [50, 25, 15], 0.1, 2),
    [2.395254105574, 0.924972011992, 1.054124684654, 1.054124684654],
    [1.5, 0.333333333333, 0.166666666667],
  ],
  [clusters(64, [70, 50], 0.05, 3), [0.973744170795, 0.48700599194, 0.974011983879, 0.974011983879], [0, 0, 0]],
  [
    f4,
    [1.551691910854, 1.258638957809, 1.973143621898, 1.608471257226],
    [0.834595959596, 0.777777777778, 1.251851851852],
  ],
];
const settings: SDbwOptions[] = [
  { method: 'Halkidi' },
  { method: 'Kim' },
  { method: 'Tong' },
  { method: 'Tong', center: 'median' },
];
const near = (got: number, want: number) => assert.ok(Math.abs(got - want) < 1e-11, `${got}, not ${want}`);

test('the clusters are the published ones', () => {
  near(f1.features[0]!, 6.125205578488e-11);
  near(f1.features[3]!, 0.660359943513);
});

published.forEach(([{ features, labels }, scores, densities], i) => {
  test(`published values, clusters ${i + 1}`, () => {
    settings.forEach((options, j) => {
      const { score, dens_bw } = sDbw(features, labels, options);
      near(score, scores[j]!);
      if (densities[j] !== undefined) near(dens_bw, densities[j]);
    });
  });
});

test('published values with centres that are no points', () => {
  const free = ({ features, labels }: Fixture, method: SDbwOptions['method']) =>
    sDbw(features, labels, { method, nearest_center: false }).score;
  near(free(f1, 'Halkidi'), 2.028902969507);
  assert.throws(() => free(f1, 'Kim'), /zero/);
  assert.throws(() => free(f1, 'Tong'), /zero/);
  near(free(f4, 'Halkidi'), 1.604090900753);
  near(free(f4, 'Kim'), 1.577157476327);
  near(free(f4, 'Tong'), 1.847217695972);
});

test('published values with noise', () => {
  const labels = f1.labels.map((label, row) => ([3, 17, 33, 41, 55].includes(row) ? -1 : label));
  const score = (method: SDbwOptions['method'], noise: SDbwOptions['noise']) =>
    sDbw(f1.features, labels, { method, noise }).score;
  near(score('Halkidi', 'comb'), 1.973308834296);
  near(score('Tong', 'comb'), 1.960730627861);
  near(score('Halkidi', 'sep'), 0.803803310672);
  near(score('Tong', 'sep'), 0.50967697084);
  near(score('Halkidi', 'bind'), 2.004194992934);
  near(score('Tong', 'bind'), 2.271040726472);
  near(score('Halkidi', 'filter'), 1.969651791961);
  near(score('Tong', 'filter'), 2.096978204746);
  assert.is(sDbw(f1.features, labels).score, score('Tong', 'comb'));
});

test("the package's own example", () => {
  const features = Float64Array.of(1, 2, 1, 0, 1, 4, 3, 3, 3, 2, 2, 2);
  near(sDbw(features, [1, 0, 1, 2], { method: 'Halkidi' }).score, 0.2886751345948128);
});

for (const method of ['Tong', 'Kim', 'Halkidi', 'halkidi2001'] as const)
  for (const [d, spacing] of [
    [1, 0.2],
    [2, 0.05],
    [3, 0.1],
    [24, 0.05],
  ] as const)
    test(`${method} of ${d} dimensions is what its formulas give`, () => {
      const { features, labels } = clusters(d, [30, 20, 10], spacing, 7);
      const rows = labels.map((_, i) => [...features.subarray(i * d, (i + 1) * d)]);
      for (const nearest_center of [true, false]) {
        const want = fromFormulas(rows, labels, method, nearest_center);
        const compute = () => sDbw(features, labels, { method, nearest_center });
        if (!want) {
          assert.throws(compute, /density for two or more clusters equals zero/);
          continue;
        }
        const { scat, dens_bw } = compute();
        near(scat, want.scat);
        near(dens_bw, want.dens_bw);
        assert.ok(d > 3 || !nearest_center || dens_bw > 0);
      }
    });

test('refuses features and labels that do not fit', () => {
  const features = new Float64Array(8);
  assert.throws(() => sDbw(features, [0, 1, 2]), /8 feature values cannot be shared by 3 labels/);
  assert.throws(() => sDbw(features, []), /cannot be shared by 0 labels/);
});

const plane = Float64Array.of(0, 0, 1, 0, 0, 1, 1, 1);
const undefinedFor: [name: string, features: Float64Array, labels: number[], options: SDbwOptions, why: RegExp][] = [
  [
    'points of one class',
    plane,
    [3, 3, 3, 3],
    {},
    /all points \(4\) have one label; it takes points of two classes or more\.$/,
  ],
  ['a single point', plane.subarray(0, 2), [3], {}, /all points \(1\) have one label/],
  ['classes of single points', plane, [0, 1, 2, 3], {}, /each point \(of 4\) has a label of its own/],
  ['one class beside noise', plane, [0, 0, -1, -1], { noise: 'filter' }, /fewer than two clusters/],
  ['equal points', new Float64Array(8).fill(2), [0, 0, 1, 1], {}, /all points are equal/],
  ['a NaN', Float64Array.of(0, 0, 1, Number.NaN, 0, 1, 1, 1), [0, 0, 1, 1], {}, /some features are no finite numbers/],
  [
    'an infinity',
    Float64Array.of(0, 0, 1, Number.POSITIVE_INFINITY, 0, 1, 1, 1),
    [0, 0, 1, 1],
    {},
    /some features are no finite numbers/,
  ],
  ['centres without points', f1.features, f1.labels, { nearest_center: false }, /two or more clusters equals zero/],
];
for (const [name, features, labels, options, why] of undefinedFor)
  test(`is undefined for ${name}, and says so`, async () => {
    for (const compute of [sDbw, sDbwInTurns]) {
      let message = '';
      try {
        await compute(features, labels, options);
      } catch (error) {
        ({ message } = error as Error);
      }
      assert.match(message, /^S_Dbw is undefined: /);
      assert.match(message, why);
    }
  });

test('in turns it gives the same bits, and timers go on meanwhile', async () => {
  const { features, labels } = clusters(64, [900, 700, 500, 300], 0.05, 3);
  let ticks = 0;
  // Each look at the clock finds that a turn is over.
  const clock = performance.now;
  let now = 0;
  performance.now = () => (now += 100);
  const timer = setInterval(() => ticks++, 0);
  try {
    assert.equal(await sDbwInTurns(features, labels), sDbw(features, labels));
  } finally {
    performance.now = clock;
    clearInterval(timer);
  }
  assert.ok(ticks > 5, `${ticks} ticks`);
});

test('ten thousand points of 512 dimensions', () => {
  const [n, d] = [10_000, 512];
  const features = Float32Array.from({ length: n * d }, (_, i) => Math.max(0, Math.sin(i * i)));
  const labels = Array.from({ length: n }, (_, i) => i % 10);
  const { score, scat } = sDbw(features, labels);
  assert.ok(score >= scat && scat > 0.9 && scat < 1.1, `${scat}`);
});

test.run();
