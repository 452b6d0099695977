import type { Case } from '../../src/conformance/case.ts';
import type { Variant } from '../../src/conformance/evaluate.ts';
import { problemCases } from '../../src/conformance/gradcheck.ts';
import { conformanceOps } from '../../src/conformance/ops.ts';
import { problems } from '../../src/conformance/problems.ts';
import type { Attributes } from '../../src/conformance/reference/index.ts';
import { resultsOf, variantsOf } from '../../src/conformance/runner.ts';
import type { Target } from '../../src/gpu/kernel/target.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';
import { checkReference, noise } from './against.ts';

// A dimension of a grid holds 65,535 workgroups; what needs more is folded, for all ops in the same few ways.
const test = suite('folded grids');

interface Wide {
  readonly op: string;
  readonly of: string;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly attrs?: Attributes;
  readonly labels?: readonly string[];
}

const conv = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };
const norm = (x: readonly number[]) => {
  const [, channels] = x as [number, number];
  const [weight, bias, running_mean, running_var] = [[channels], [channels], [channels], [channels]];
  return { x, weight, bias, running_mean, running_var };
};
/** Eight rows or columns are a workgroup's. */
const MANY = 525_001;

const WIDE: readonly Wide[] = [
  { op: 'matmul', of: 'products', inputs: { a: [66_001, 1, 2], b: [66_001, 2, 1] } },
  {
    ...{ op: 'conv2d', of: 'phases of the strides', attrs: { ...conv, stride: [257, 256] } },
    inputs: { x: [1, 1, 258, 258], weight: [1, 1, 2, 2] },
  },
  { op: 'batch_norm', of: 'channels', inputs: norm([3, MANY]), attrs: { training: true, momentum: 0.1, eps: 1e-5 } },
  { op: 'max_pool2d', of: 'images', inputs: { x: [66_001, 1, 2, 2] }, attrs: { kernel: [2, 2], stride: [2, 2] } },
  { op: 'global_avg_pool2d', of: 'images', inputs: { x: [66_001, 1, 2, 2] } },
  { op: 'global_avg_pool2d', of: 'channels', inputs: { x: [2, MANY, 2, 1] } },
  { op: 'softmax', of: 'rows', inputs: { x: [MANY, 2] } },
  { op: 'l2_normalize', of: 'rows', inputs: { x: [MANY, 2] } },
  { op: 'cross_entropy', of: 'rows', inputs: { logits: [MANY, 2], target: [MANY] }, labels: ['target'] },
];

for (const { op, of, inputs, attrs = {}, labels = [] } of WIDE)
  test(`${op} with more than 65,535 ${of}`, () => {
    const subject = conformanceOps[op]!;
    const values = Object.entries(inputs).map(([name, shape], index) => {
      const value = noise(shape, index + 1);
      const data = labels.includes(name)
        ? Int32Array.from(value.data, (_, i) => i % 2)
        : name === 'running_var'
          ? value.data.map((x) => 1 + Math.abs(x))
          : value.data;
      return [name, { shape, data }] as const;
    });
    return checkReference(
      { op, ...subject, build: (own) => (tape, tensors) => subject.build(tape, tensors, own) },
      attrs,
      Object.fromEntries(values),
      { positions: 2, rtol: 1e-3, atol: 1e-3, structures: ['cpu'] },
    );
  });

/** The first fold, from narrow to wide, in which a case's grids fit: a dimension that holds so few takes its square. */
function folded(target: Target, golden: Case): Variant[] {
  for (let most = 2; ; most++)
    try {
      return variantsOf({ ...target, limits: { ...target.limits, maxComputeWorkgroupsPerDimension: most } }, golden);
    } catch (error) {
      if (!/cannot run here/.test((error as Error).message)) throw error;
    }
}

/** Their problems are too small to fold; a weighted sum takes one workgroup. */
const SMALL = new Set([...WIDE.map(({ op }) => op), 'weighted_sum']);

for (const op of Object.keys(problems))
  test(`${op} gives the same bits in a folded grid, with each kernel`, async () => {
    const device = await testDevice();
    const seen = new Set<string>();
    for (const golden of problemCases(op)) {
      const plain = variantsOf(device.target, golden);
      for (const [index, variant] of folded(device.target, golden).entries()) {
        const one = plain[index]!.recorded.tape.dispatches;
        const news = variant.recorded.tape.dispatches
          .filter(({ workgroups }, i) => String(workgroups) !== String(one[i]!.workgroups))
          .map(({ kernel }) => kernel.name)
          .filter((name) => !seen.has(name));
        if (news.length === 0) continue;
        for (const name of news) seen.add(name);
        assert.equal(
          await resultsOf(device, golden, variant),
          await resultsOf(device, golden, plain[index]!),
          `${news}`,
        );
      }
    }
    assert.ok(seen.size > 0 || SMALL.has(op), 'nothing was folded');
  });

test.run();
