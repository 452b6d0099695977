import type { Case } from '../../src/conformance/case.ts';
import type { Recorded, Variant } from '../../src/conformance/evaluate.ts';
import { problemCases } from '../../src/conformance/gradcheck.ts';
import { variantsOf } from '../../src/conformance/op_cases.ts';
import { conformanceOps } from '../../src/conformance/ops.ts';
import { problems } from '../../src/conformance/problems.ts';
import type { Attributes } from '../../src/conformance/reference/index.ts';
import type { Device, TypedArray } from '../../src/gpu/device.ts';
import type { Target, Workgroups } from '../../src/gpu/kernel/target.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { BYTES, byteLength, type Tensor, variable } from '../../src/tape/tensor.ts';
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

/** Gradient checks need the same pipelines. */
const USUAL = { tilings: 'usual' } as const;

/** The first fold, from narrow to wide, in which a case's grids fit: a dimension that holds so few takes its square. */
function folded(target: Target, golden: Case): Variant[] {
  for (let most = 2; ; most++)
    try {
      return variantsOf(
        { ...target, limits: { ...target.limits, maxComputeWorkgroupsPerDimension: most } },
        golden,
        USUAL,
      );
    } catch (error) {
      if (!/cannot run here/.test((error as Error).message)) throw error;
    }
}

/** Elements behind each tensor that a launch writes, and what is in them and must stay there. */
const ROOM = 256;
const MARK = 0x5a5a5a5a;

/** The same launches, each with a row of workgroups too many, as a folded grid may have some, and with room behind what they write. */
function strained(device: Device, { tape, values }: Recorded): Recorded {
  const rooms = new Map<Tensor, Tensor>();
  const withRoom = (tensor: Tensor): Tensor => {
    if (tensor.storage) return tensor;
    const whole = byteLength(tensor) / BYTES[tensor.dtype];
    const marks = new Uint32Array(((whole + ROOM) * BYTES[tensor.dtype]) / 4).fill(MARK);
    const room = rooms.get(tensor) ?? variable(tensor.label, [whole + ROOM], tensor.dtype, marks);
    rooms.set(tensor, room);
    return room;
  };
  const dispatches = tape.dispatches.map((dispatch) => {
    const [x, y, z] = dispatch.workgroups;
    const counts = device.library.textOf(dispatch.kernel).text.includes('= workgroup_index(');
    const bindings = Object.entries(dispatch.bindings).map(([name, tensor]) => [name, withRoom(tensor)] as const);
    const workgroups: Workgroups = counts ? [x, y + 1, z] : [x, y, z];
    return { ...dispatch, workgroups, bindings: Object.fromEntries(bindings) };
  });
  const outputs = new Map([...tape.outputs].map(([name, tensor]) => [name, withRoom(tensor)]));
  for (const [tensor, room] of rooms) outputs.set(`room of ${tensor.label} ${outputs.size}`, room);
  return { tape: { ...tape, dispatches, outputs }, values };
}

/** What a recording gives, by output. */
async function bitsOf(device: Device, { tape, values }: Recorded): Promise<Record<string, TypedArray>> {
  const program = await compile(device, tape);
  return program.run(values, [...tape.outputs.keys()]).read();
}

/** Their problems are too small to fold; weighted sums and eigenvalues take one workgroup. */
const SMALL = new Set([...WIDE.map(({ op }) => op), 'weighted_sum', 'small_singular_values']);

/** Kernels that have run with a row of workgroups too many, in whichever grid. */
const tried = new Set<string>();

for (const op of Object.keys(problems))
  test(`${op} gives the same bits in a folded grid, and writes nothing else, with each kernel`, async () => {
    const device = await testDevice();
    const folds = new Set<string>();
    for (const golden of problemCases(op)) {
      const plain = variantsOf(device.target, golden, USUAL);
      for (const [index, variant] of folded(device.target, golden).entries()) {
        const one = plain[index]!.recorded.tape.dispatches;
        const launches = variant.recorded.tape.dispatches.map(({ kernel: { name }, workgroups }, i) => ({
          name,
          isFolded: String(workgroups) !== String(one[i]!.workgroups),
        }));
        const news = launches.filter(({ name, isFolded }) => !(isFolded ? folds : tried).has(name));
        if (news.length === 0) continue;
        for (const { name, isFolded } of launches) {
          tried.add(name);
          if (isFolded) folds.add(name);
        }
        const what = news.map(({ name }) => name).join();
        const wanted = await bitsOf(device, plain[index]!.recorded);
        const got = await bitsOf(device, strained(device, variant.recorded));
        for (const [name, bits] of Object.entries(got)) {
          const want = wanted[name];
          if (want) assert.equal(bits.slice(0, want.length), want, `${name} of ${what}`);
          else
            assert.ok(
              new Uint32Array(bits.buffer).slice(-ROOM).every((word) => word === MARK),
              `${what}: the ${name} is written to`,
            );
        }
      }
    }
    assert.ok(folds.size > 0 || SMALL.has(op), 'nothing was folded');
  });

test.run();
