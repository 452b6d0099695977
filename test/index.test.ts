import { record } from '../src/conformance/evaluate.ts';
import { problemCases } from '../src/conformance/gradcheck.ts';
import { variantsOf } from '../src/conformance/op_cases.ts';
import { conformanceOps } from '../src/conformance/ops.ts';
import { problems } from '../src/conformance/problems.ts';
import * as library from '../src/index.ts';
import { elements } from '../src/tape/tensor.ts';
import { testDevice } from './device.ts';
import { assert, suite } from './harness.ts';

const test = suite('the library');

/** Functions that take a tape, but are no op with a gradient, and why. */
const NO_OPS: Readonly<Record<string, string>> = {
  augment: 'makes batches of the bytes of images',
  elementwise: "launches a kernel of one's own",
  drawDropPath: 'draws which images keep which branches',
  gradients: 'appends gradients',
  recordStep: 'appends the gradients of a loss made of ops',
};

const takingTape = Object.entries(library)
  .filter(([, value]) => typeof value === 'function' && /^(?:function\s*\w*\s*)?\(?\s*tape\d*\b/.test(String(value)))
  .map(([name]) => name);

const opOf = (name: string) => name.replace(/(?<!^)[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

test('every exported op is held to float64, gradients included', () => {
  assert.ok(takingTape.includes('conv2d') && takingTape.includes('augment'));
  for (const name of takingTape)
    if (!(name in NO_OPS)) assert.ok(opOf(name) in conformanceOps && opOf(name) in problems, name);
});

for (const name of takingTape.filter((name) => !(name in NO_OPS)))
  test(`${name} gives each of its f32 inputs a gradient, or says that it has none`, async () => {
    const { target } = await testDevice();
    const op = opOf(name);
    const { build, constant = [] } = conformanceOps[op]!;
    for (const golden of problemCases(op)) {
      const [plain] = variantsOf(target, golden);
      const given = [...plain!.recorded.tape.inputs].map(([input, { shape, dtype }]) => {
        const data = dtype === 'f32' ? new Float32Array(elements(shape)) : new Int32Array(elements(shape));
        return [input, { shape, data }] as const;
      });
      const { upstream, ...inputs } = Object.fromEntries(given);
      for (const [input, { data }] of Object.entries(inputs)) {
        if (data instanceof Int32Array) continue;
        const differentiate = () =>
          record(target, (tape, tensors) => build(tape, tensors, golden.attrs), inputs, {
            wrt: [input],
            upstream: upstream!,
          });
        if (constant.includes(input))
          assert.throws(differentiate, new RegExp(`^The op ${op} has no gradient for its input '${input}'\\.$`));
        else assert.ok(differentiate().tape.outputs.has(`grad.${input}`), `${golden.name}: ${input}`);
      }
    }
  });

test.run();
