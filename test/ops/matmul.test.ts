import { record, run } from '../../src/conformance/evaluate.ts';
import { multiply } from '../../src/conformance/reference/linear_algebra.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { add } from '../../src/ops/elementwise.ts';
import { matmul, matmulCandidates, product } from '../../src/ops/matmul.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { goldenCases } from '../golden-cases.ts';
import { assert, skip, suite } from '../harness.ts';
import { checkGolden, checkReference, noise, type Subject } from './against.ts';

const test = suite('matmul');

const subject: Subject = {
  op: 'matmul',
  build:
    ({ transpose_a, transpose_b }) =>
    (tape, { a, b }) => ({
      y: matmul(tape, a!, b!, { transposeA: transpose_a === true, transposeB: transpose_b === true }),
    }),
};

for (const name of goldenCases('matmul')) test(name, () => checkGolden(subject, name));

/** Sizes that no vec4 fits, in every transposition; the last sum is long enough to be cut. */
const odd = [
  [7, 5, 3, 2, false, false],
  [33, 10, 17, 1, true, false],
  [1, 1, 1, 1, false, true],
  [9, 6, 10, 3, true, true],
  [9, 7, 1001, 2, false, true],
] as const;
/** Sizes that are multiples of 4 where a vec4 runs along them, and enough of them that an invocation takes several blocks; last sums that are cut. */
const byFours = [
  [7, 8, 4, 3, false, false],
  [8, 4, 5, 2, true, false],
  [95, 96, 52, 1, false, true],
  [100, 72, 20, 1, true, true],
  [127, 16, 20, 1, false, false],
  [16, 128, 21, 1, true, false],
  [8, 12, 1036, 2, true, false],
  [21, 8, 1020, 1, false, true],
] as const;

for (const { name: candidate, unfit } of matmulCandidates)
  test(`${candidate} against float64`, async () => {
    const device = await testDevice();
    const target = { ...device.target, kind: candidate.startsWith('tile') ? 'gpu' : 'cpu' } as const;
    const reason = unfit?.({ rows: 4, columns: 4, depth: 4, slices: 1, vec4: true }, target);
    if (reason) skip(reason);
    const readsFloats = candidate.endsWith('_scalar') || candidate === 'naive';
    for (const [m, n, k, batch, transposeA, transposeB] of readsFloats ? odd : byFours) {
      const a = noise([batch, ...(transposeA ? [k, m] : [m, k])], 1);
      const b = noise([batch, ...(transposeB ? [n, k] : [k, n])], 2);
      const recorded = record(
        target,
        (tape, { a, b }) => ({ y: matmul(tape, a!, b!, { transposeA, transposeB }) }),
        { a, b },
        { candidates: { matmul: candidate } },
      );
      assert.is(recorded.tape.dispatches[0]!.kernel.name, `matmul/${candidate}`);
      const { y } = (await run(device, recorded)).outputs;
      const exact = ({ shape, data }: typeof a) => ({ shape: [...shape], data: Float64Array.from(data) });
      const want = multiply(exact(a), exact(b), transposeA, transposeB).data;
      const worst = want.reduce((most, value, i) => Math.max(most, Math.abs(value - y!.data[i]!)), 0);
      assert.ok(worst < 1e-5 * Math.sqrt(k), `${m}×${n}×${k}: off by ${worst}`);
    }
  });

for (const transpose_a of [false, true])
  for (const transpose_b of [false, true])
    test(`gradients, a${transpose_a ? 'ᵀ' : ''} · b${transpose_b ? 'ᵀ' : ''}`, () =>
      checkReference(
        subject,
        { transpose_a, transpose_b },
        {
          a: noise([3, ...(transpose_a ? [7, 12] : [12, 7])], 1),
          b: noise([3, ...(transpose_b ? [8, 7] : [7, 8])], 2),
        },
      ));

test('products of heads inside packed tensors', async () => {
  const device = await testDevice();
  const [images, tokens, heads, width] = [2, 5, 3, 8];
  const row = 3 * heads * width;
  const packed = noise([images, tokens, row], 3);
  const tape = createTape(device.target);
  const qkv = tape.input('qkv', packed.shape);
  const scores = tape.empty([images, heads, tokens, tokens], 'scores');
  const batches = { row, outer: tokens * row, inner: width };
  product(tape, {
    ...{ m: tokens, n: tokens, k: width, outerCount: images, innerCount: heads, label: 'scores' },
    a: { tensor: qkv, ...batches },
    b: { tensor: qkv, ...batches, transposed: true, offset: heads * width },
    c: { tensor: scores, row: tokens, outer: heads * tokens * tokens, inner: tokens * tokens },
  });
  tape.output('scores', scores);
  const program = await compile(device, tape);
  const read = await program.run({ qkv: packed.data }, ['scores']).read();
  const at = (image: number, token: number, part: number, head: number, i: number) =>
    packed.data[(image * tokens + token) * row + (part * heads + head) * width + i]!;
  for (let z = 0; z < images * heads; z++)
    for (let i = 0; i < tokens; i++)
      for (let j = 0; j < tokens; j++) {
        const [image, head] = [Math.floor(z / heads), z % heads];
        let want = 0;
        for (let k = 0; k < width; k++) want += at(image, i, 0, head, k) * at(image, j, 1, head, k);
        const got = read.scores![(z * tokens + i) * tokens + j]!;
        assert.ok(Math.abs(got - want) < 1e-5, `${got} instead of ${want}`);
      }
});

for (const { name: candidate, unfit } of matmulCandidates)
  for (const k of [16, 4000])
    test(`${candidate} adds a sum of ${k} and a bias to what is there`, async () => {
      const device = await testDevice();
      const reason = unfit?.({ rows: 12, columns: 8, depth: k, slices: 1, vec4: true }, device.target);
      if (reason) skip(reason);
      const [m, n] = [12, 8];
      const [first, a, b, bias] = [noise([m, n], 1), noise([m, k], 2), noise([k, n], 3), noise([n], 4)];
      const tape = createTape(device.target, { candidates: { matmul: candidate } });
      const tensors = Object.entries({ first, a, b, bias }).map(([name, { shape }]) => tape.input(name, shape));
      const c = add(tape, tensors[0]!, tensors[0]!);
      const operands = {
        a: { tensor: tensors[1]!, row: k },
        b: { tensor: tensors[2]!, row: n },
        c: { tensor: c, row: n },
      };
      product(tape, { m, n, k, ...operands, bias: tensors[3]!, accumulate: true, label: 'accumulate' });
      tape.output('c', c);
      assert.equal(
        tape.dispatches.slice(1).map(({ kernel }) => kernel.name),
        [`matmul/${candidate}`, ...(k === 4000 ? ['reduce/sum_partials'] : [])],
      );
      const program = await compile(device, tape);
      const values = { first: first.data, a: a.data, b: b.data, bias: bias.data };
      const read = await program.run(values, ['c']).read();
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++) {
          let want = 2 * first.data[i * n + j]! + bias.data[j]!;
          for (let l = 0; l < k; l++) want += a.data[i * k + l]! * b.data[l * n + j]!;
          const got = read.c![i * n + j]!;
          assert.ok(Math.abs(got - want) < 1e-5 * Math.sqrt(k / 16), `${got} instead of ${want}`);
        }
    });

test('refuses what does not fit', async () => {
  const tape = createTape((await testDevice()).target);
  const a = tape.input('a', [2, 3, 4]);
  assert.throws(
    () => matmul(tape, a, tape.input('b', [2, 3, 4])),
    /^matmul: b has shape \[2, 3, 4\], but a has 4 columns to multiply with\.$/,
  );
  assert.throws(() => matmul(tape, a, tape.input('c', [4, 4])), /b has shape \[4, 4\], but a has \[2, 3, 4\]/);
  assert.throws(() => matmul(tape, tape.input('d', [4]), a), /a has shape \[4\]/);
});

test.run();
