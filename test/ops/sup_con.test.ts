import { compare, parseCase, toleranceOf } from '../../src/conformance/case.ts';
import { type HostValue, record, run as runRecorded } from '../../src/conformance/evaluate.ts';
import { centralDifference } from '../../src/conformance/reference/gradient.ts';
import { array64, references } from '../../src/conformance/reference/index.ts';
import { type SupConOptions, supCon } from '../../src/ops/sup_con.ts';
import { createTape } from '../../src/tape/tape.ts';
import { toFloat32 } from '../../src/weights/host-tensor.ts';
import { testDevice } from '../device.ts';
import { fixture } from '../fixtures.ts';
import { assert, suite } from '../harness.ts';

const test = suite('sup_con');
/** One strip; many of them, the least there can be; and workgroups of several lanes, with the matrix products of GPUs. */
const WAYS = [{}, { strip_rows: 4 }, { kind: 'gpu' }, { kind: 'gpu', strip_rows: 12 }] as const;
const nameOf = (way: object) => Object.values(way).join(' ') || 'default';

interface Result {
  loss: number;
  grad: Float32Array;
}

async function run(
  z: HostValue,
  labels: ArrayLike<number>,
  options: SupConOptions,
  { way = {}, upstream = 1 }: { way?: { kind?: 'gpu'; strip_rows?: number }; upstream?: number } = {},
): Promise<Result> {
  const device = await testDevice();
  const { kind = device.target.kind, ...strips } = way;
  const recorded = record(
    { ...device.target, kind },
    (tape, inputs) => ({ y: supCon(tape, inputs.z!, inputs.labels!, { ...options, ...strips }) }),
    { z, labels: { shape: [labels.length], data: Int32Array.from(labels) } },
    { upstream: { shape: [1], data: Float32Array.of(upstream) } },
  );
  const { outputs, gradients } = await runRecorded(device, recorded);
  return { loss: outputs.y!.data[0]!, grad: gradients.z!.data as Float32Array };
}

/** The generator of the published fixtures: Park and Miller's, in [-1, 1]. */
function parkMiller(n: number, d: number): HostValue {
  let s = 1;
  const data = Float32Array.from({ length: n * d }, () => {
    s = (s * 16807) % 2147483647;
    return (2 * s) / 2147483647 - 1;
  });
  return { shape: [n, d], data };
}

/** The largest deviation from the float64 reference, relative to the largest value wanted. */
function deviation(got: ArrayLike<number>, want: ArrayLike<number>): number {
  const { error, limit } = compare(got, want, { rtol: 1, atol: 1e-30 });
  return error / limit;
}

function reference(z: HostValue, labels: ArrayLike<number>, options: SupConOptions, positions?: number[]) {
  const { temperature, variant = 'paper', base_temperature = 0.07 } = options;
  const inputs = { z: array64(z.data, [...z.shape]), labels: array64(labels) };
  const attrs = { temperature, variant, base_temperature };
  const loss = references.sup_con!(inputs, attrs).y!.data[0]!;
  return { loss, grad: centralDifference('sup_con', inputs, attrs, 'z', { y: array64([1]) }, positions) };
}

for (const way of WAYS)
  for (let index = 0; index < 15; index++) {
    const name = `sup_con-${String(index).padStart(2, '0')}`;
    test(`golden ${name}, ${nameOf(way)}`, async () => {
      const golden = parseCase(name, await fixture(`test/golden/${name}.safetensors`));
      const { z, labels } = golden.inputs as Required<typeof golden.inputs>;
      const value = { shape: z!.shape, data: toFloat32(z!) as Float32Array<ArrayBuffer> };
      const options = golden.attrs as unknown as SupConOptions;
      const { loss, grad } = await run(value, labels!.data as Int32Array, options, {
        way,
        upstream: toFloat32(golden.upstreams.y!)[0]!,
      });
      const output = compare([loss], toFloat32(golden.outputs.y!), toleranceOf(golden, 'output.y'));
      assert.ok(output.ok, `loss off by ${output.error}, allowed ${output.limit}`);
      const gradient = compare(grad, toFloat32(golden.grads.z!), toleranceOf(golden, 'grad.z'));
      assert.ok(gradient.ok, `gradient off by ${gradient.error}, allowed ${gradient.limit}`);
    });
  }

// methods.md B4, float64.
const PUBLISHED = [
  {
    temperature: 0.3,
    variant: 'paper',
    loss: 1.659712704414,
    first: [0.273327018557, -0.501599708751, -0.24411208764, -0.344310186276],
    norm: 1.332540465226,
  },
  {
    temperature: 0.3,
    variant: 'official',
    loss: 0.261041870103,
    first: [0.099735072484, -0.191548273037, -0.098366630997, -0.107170589247],
    norm: 0.424991479352,
  },
  {
    temperature: 0.07,
    variant: 'paper',
    loss: 5.426900062232,
    first: [1.502924976513, -2.409357864892, -0.941218688955, -2.52174695724],
    norm: 7.705536282217,
  },
  {
    temperature: 0.07,
    variant: 'official',
    loss: 0.304338972524,
    first: [0.606670740814, -0.976421378283, -0.383210575323, -1.003797741958],
    norm: 3.252759119705,
  },
] as const;
for (const { loss: wantedLoss, first, norm, ...options } of PUBLISHED)
  test(`published values at temperature ${options.temperature}, ${options.variant}`, async () => {
    const { loss, grad } = await run(parkMiller(6, 4), [0, 1, 0, 2, 1, 0], options);
    assert.ok(deviation([loss], [wantedLoss]) < 1e-5, `loss ${loss}`);
    assert.ok(deviation(grad.subarray(0, 4), first) < 1e-4, `gradient ${grad.subarray(0, 4)}`);
    assert.ok(deviation([Math.hypot(...grad)], [norm]) < 1e-4, `norm ${Math.hypot(...grad)}`);
  });

for (const [n, d] of [
  [2, 1],
  [3, 2],
  [7, 5],
  [33, 37],
  [65, 130],
] as const)
  for (const variant of ['paper', 'official', 'sup_contrast'] as const)
    for (const way of WAYS)
      test(`${n} rows of ${d}, ${variant}, ${nameOf(way)}: loss and gradient against float64`, async () => {
        const z = parkMiller(n, d);
        const labels = Array.from({ length: n }, (_, i) => (i * i) % 3);
        const positions = Array.from({ length: 24 }, (_, i) => (i * 7919) % (n * d));
        const options = { temperature: 0.2, variant, base_temperature: 0.1 };
        const got = await run(z, labels, options, { way });
        const want = reference(z, labels, options, positions);
        assert.ok(Math.abs(got.loss - want.loss) < 1e-5 * Math.max(1, Math.abs(want.loss)), `${got.loss} ${want.loss}`);
        const { error } = compare(
          positions.map((p) => got.grad[p]!),
          want.grad,
          { rtol: 0, atol: 0 },
        );
        assert.ok(error < 1e-4 * Math.hypot(...got.grad) + 1e-7, `gradient off by ${error}`);
      });

test('paper-valid is the mean over rows that have positives', async () => {
  const [z, labels] = [parkMiller(6, 4), [0, 1, 0, 2, 1, 0]];
  const paper = await run(z, labels, { temperature: 0.3 });
  const valid = await run(z, labels, { temperature: 0.3, variant: 'paper-valid' });
  assert.ok(deviation([valid.loss], [(paper.loss * 6) / 5]) < 1e-6);
  assert.ok(
    deviation(
      valid.grad,
      paper.grad.map((g) => (g * 6) / 5),
    ) < 1e-6,
  );
});

test('two views with instance labels give NT-Xent', async () => {
  const [images, d, temperature] = [5, 6, 0.5];
  const z = parkMiller(2 * images, d);
  const v = Array.from({ length: 2 * images }, (_, i) => {
    const row = Array.from(z.data.subarray(i * d, (i + 1) * d));
    return row.map((x) => x / Math.hypot(...row));
  });
  const s = (i: number, j: number) => v[i]!.reduce((sum, x, k) => sum + x * v[j]![k]!, 0) / temperature;
  let want = 0;
  for (let i = 0; i < 2 * images; i++) {
    const others = v.map((_, k) => k).filter((k) => k !== i);
    const sum = others.reduce((total, k) => total + Math.exp(s(i, k)), 0);
    want -= Math.log(Math.exp(s(i, (i + images) % (2 * images))) / sum) / (2 * images);
  }
  const { loss } = await run(
    z,
    v.map((_, i) => i % images),
    { temperature },
  );
  assert.ok(deviation([loss], [want]) < 1e-5);
});

test('a batch without positives has no loss and no gradient in the paper', async () => {
  for (const variant of ['paper', 'paper-valid'] as const) {
    const { loss, grad } = await run(parkMiller(5, 8), [0, 1, 2, 3, 4], { temperature: 0.07, variant });
    assert.is(loss, 0);
    assert.ok(grad.every((g) => g === 0));
  }
});

test('a batch of one has no loss and no gradient', async () => {
  for (const variant of ['paper', 'official', 'paper-valid', 'sup_contrast'] as const) {
    const { loss, grad } = await run(parkMiller(1, 8), [0], { temperature: 0.07, variant });
    assert.is(Math.abs(loss), 0);
    assert.ok(
      grad.every((g) => g === 0),
      `${variant}: ${grad}`,
    );
  }
});

test('rows with negative labels are no anchors but push others away', async () => {
  const z = parkMiller(7, 6);
  const without = await run(z, [0, 0, 1, 1, 2, 2, -1], { temperature: 0.3 });
  const twoIgnored = await run(z, [0, 0, 1, 1, -1, -1, -1], { temperature: 0.3 });
  // A label of its own makes a row just as little an anchor, so the paper's loss must agree.
  const singletons = await run(z, [0, 0, 1, 1, 4, 5, 6], { temperature: 0.3 });
  assert.equal(twoIgnored.loss, singletons.loss);
  assert.equal([...twoIgnored.grad], [...singletons.grad]);
  assert.ok(without.loss > twoIgnored.loss);
  assert.ok(twoIgnored.grad.subarray(36).some((g) => g !== 0));
});

for (const temperature of [0.07, 0.02])
  test(`collapsed and opposite rows stay finite at temperature ${temperature}`, async () => {
    const n = 16;
    const rows = Array.from({ length: n }, (_, i) => (i % 2 ? [1, 0, 0] : [-1, 1e-4 * i, 0]));
    const z = { shape: [n, 3], data: Float32Array.from(rows.flat()) };
    for (const variant of ['paper', 'official'] as const)
      for (const labels of [rows.map((_, i) => i % 2), rows.map((_, i) => (i < 8 ? 0 : 1))]) {
        const got = await run(z, labels, { temperature, variant });
        const want = reference(z, labels, { temperature, variant });
        assert.ok(Math.abs(got.loss - want.loss) < 1e-5 * Math.max(1, Math.abs(want.loss)), `${got.loss} ${want.loss}`);
        const { error } = compare(got.grad, want.grad, { rtol: 0, atol: 0 });
        assert.ok(error < 1e-4 * Math.max(1, ...want.grad.map(Math.abs)), `gradient off by ${error}`);
      }
  });

test('a zero row has a finite gradient, as in PyTorch', async () => {
  const z = parkMiller(4, 3);
  z.data.fill(0, 3, 6);
  const { loss, grad } = await run(z, [0, 0, 1, 1], { temperature: 0.5 });
  assert.ok(Number.isFinite(loss));
  assert.ok(grad.every(Number.isFinite));
});

test('a value that is not a number is not hidden', async () => {
  for (const way of WAYS) {
    const z = parkMiller(9, 5);
    z.data[17] = Number.NaN;
    const { loss, grad } = await run(z, [0, 1, 2, 0, 1, 2, 0, 1, 2], { temperature: 0.1 }, { way });
    assert.ok(Number.isNaN(loss));
    assert.ok(grad.every(Number.isNaN));
  }
});

test('the order of rows does not matter', async () => {
  const [n, d] = [50, 20];
  const z = parkMiller(n, d);
  const labels = Array.from({ length: n }, (_, i) => (i * 7) % 4);
  const order = Array.from({ length: n }, (_, i) => (i * 37) % n);
  const moved = {
    shape: [n, d],
    data: Float32Array.from(order.flatMap((i) => [...z.data.subarray(i * d, (i + 1) * d)])),
  };
  for (const variant of ['paper', 'official'] as const) {
    const a = await run(z, labels, { temperature: 0.1, variant });
    const b = await run(
      moved,
      order.map((i) => labels[i]!),
      { temperature: 0.1, variant },
    );
    const back = Float32Array.from(order.flatMap((i) => [...a.grad.subarray(i * d, (i + 1) * d)]));
    assert.ok(deviation([b.loss], [a.loss]) < 1e-6);
    assert.ok(deviation(b.grad, back) < 1e-5);
  }
});

test('the gradient is orthogonal to each row and scales with the upstream', async () => {
  const z = parkMiller(40, 256);
  const labels = Array.from({ length: 40 }, (_, i) => i % 5);
  const one = await run(z, labels, { temperature: 0.3 });
  const tenth = await run(z, labels, { temperature: 0.3 }, { upstream: 0.1 });
  assert.ok(
    deviation(
      tenth.grad,
      one.grad.map((g) => 0.1 * g),
    ) < 1e-6,
  );
  for (let i = 0; i < 40; i++) {
    const [g, row] = [one.grad.subarray(i * 256, (i + 1) * 256), z.data.subarray(i * 256, (i + 1) * 256)];
    const product = g.reduce((sum, x, k) => sum + x * row[k]!, 0);
    assert.ok(Math.abs(product) < 1e-5 * Math.hypot(...g) * Math.hypot(...row));
  }
});

test('two runs give the same bits', async () => {
  const z = parkMiller(300, 96);
  const labels = Array.from({ length: 300 }, (_, i) => i % 9);
  for (const way of WAYS) {
    const [a, b] = [
      await run(z, labels, { temperature: 0.1 }, { way }),
      await run(z, labels, { temperature: 0.1 }, { way }),
    ];
    assert.is(a.loss, b.loss);
    assert.equal([...a.grad], [...b.grad]);
  }
});

test('wide rows and many of them: 2048 features, 1030 rows', async () => {
  const wide = await run(parkMiller(9, 2048), [0, 1, 2, 0, 1, 2, 0, 1, 2], { temperature: 0.1 });
  const want = reference(parkMiller(9, 2048), [0, 1, 2, 0, 1, 2, 0, 1, 2], { temperature: 0.1 }, [0, 5000, 18431]);
  assert.ok(deviation([wide.loss], [want.loss]) < 1e-5);
  const { error } = compare(
    [0, 5000, 18431].map((p) => wide.grad[p]!),
    want.grad,
    { rtol: 0, atol: 0 },
  );
  assert.ok(error < 1e-5, `gradient off by ${error}`);

  const [n, d] = [1030, 6];
  const labels = Array.from({ length: n }, (_, i) => i % 10);
  const many = await run(parkMiller(n, d), labels, { temperature: 0.1 });
  const wantMany = reference(parkMiller(n, d), labels, { temperature: 0.1 }, []);
  assert.ok(deviation([many.loss], [wantMany.loss]) < 1e-5, `${many.loss} ${wantMany.loss}`);
});

test('wrong arguments are refused when recorded', async () => {
  const tape = createTape((await testDevice()).target);
  const z = tape.input('z', [4, 8]);
  const labels = tape.input('labels', [4], 'i32');
  const options = { temperature: 0.3 };
  assert.throws(
    () => supCon(tape, tape.input('flat', [32]), labels, options),
    /supCon: z has shape \[32\], but it must be \[rows, features\]\./,
  );
  assert.throws(
    () => supCon(tape, z, tape.input('few', [3], 'i32'), options),
    /supCon: labels has shape \[3\], but z has 4 rows\./,
  );
  assert.throws(
    () => supCon(tape, z, tape.input('floats', [4]), options),
    /sup_con\.statistics: floats is f32, but it must be i32 /,
  );
  assert.throws(() => supCon(tape, z, labels, { temperature: 0 }), /temperature is 0/);
  assert.throws(() => supCon(tape, z, labels, { temperature: 1, strip_rows: 6 }), /strip_rows is 6, but it must be a/);
});

test.run();
