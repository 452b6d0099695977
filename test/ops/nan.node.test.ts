import { problemCases } from '../../src/conformance/gradcheck.ts';
import { resultsOf, variantsOf } from '../../src/conformance/op_cases.ts';
import { problems } from '../../src/conformance/problems.ts';
import { centralDifference } from '../../src/conformance/reference/gradient.ts';
import { type Array64, array64, references } from '../../src/conformance/reference/index.ts';
import type { HostTensor } from '../../src/weights/host-tensor.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

// A NaN means that something went wrong before, and must not become a number again: every op, with every candidate, gives
// NaN where its definition does, forward and backward.
const test = suite('NaN');

const isFloat = ({ data }: HostTensor) => data instanceof Float32Array || data instanceof Float64Array;

function spoiled({ data, ...tensor }: HostTensor): HostTensor {
  const copy = Float32Array.from(data as ArrayLike<number>);
  copy[copy.length >> 1] = Number.NaN;
  return { ...tensor, data: copy };
}

const arrays = (tensors: Record<string, HostTensor>): Record<string, Array64> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [name, array64(data as Float32Array, [...shape])]),
  );

const placesOfNaN = (values: ArrayLike<number>) =>
  Array.from(values).flatMap((value, i) => (Number.isNaN(value) ? [i] : []));

/** Gradient checks need the same pipelines. */
const USUAL = { tilings: 'usual' } as const;

for (const op of Object.keys(problems)) {
  // The first problems are of odd sizes, which find the edges of tiles.
  const cases = problemCases(op).slice(0, 1);

  test(`${op}: a NaN of an input is one of the output`, async () => {
    const device = await testDevice();
    for (const golden of cases)
      for (const [name, tensor] of Object.entries(golden.inputs).filter(([, own]) => isFloat(own))) {
        const inputs = { ...golden.inputs, [name]: spoiled(tensor) };
        const wanted = references[op]!(arrays(inputs), golden.attrs);
        for (const variant of variantsOf(device.target, { ...golden, inputs, grads: {} }, USUAL)) {
          const results = await resultsOf(device, golden, variant);
          for (const output of Object.keys(golden.outputs)) {
            const want = placesOfNaN(wanted[output]!.data);
            const got = placesOfNaN(results[`output.${output}`]!);
            // Zeros of padding times a weight of NaN are NaN where a kernel multiplies them, as PyTorch's own may.
            const padded = name === 'weight' && 'padding' in golden.attrs;
            const same = padded ? got.filter((place) => want.includes(place)) : got;
            assert.equal(same, want, `${golden.name} (${variant.name}), NaN in ${name}`);
          }
        }
      }
  });

  test(`${op}: a NaN that arrives at the output is one of each gradient that depends on it`, async () => {
    const device = await testDevice();
    for (const golden of cases) {
      const [[output, arriving]] = Object.entries(golden.upstreams) as [[string, HostTensor]];
      const upstreams = { [output]: spoiled(arriving) };
      const alone = arrays(upstreams);
      alone[output]!.data.forEach((value, i, data) => {
        data[i] = Number.isNaN(value) ? 1 : 0;
      });
      const depends = Object.entries(golden.grads).map(([input, { shape }]) => {
        const all = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i);
        const places = all.filter((_, i) => i % Math.ceil(all.length / 40) === 0);
        const slopes = centralDifference(op, arrays(golden.inputs), golden.attrs, input, alone, places);
        return { input, places: places.filter((_, i) => Math.abs(slopes[i]!) > 1e-6) };
      });
      for (const variant of variantsOf(device.target, { ...golden, upstreams }, USUAL)) {
        const results = await resultsOf(device, golden, variant);
        for (const { input, places } of depends) {
          const numbers = places.filter((place) => !Number.isNaN(results[`grad.${input}`]![place]));
          assert.equal(numbers, [], `${golden.name} (${variant.name}): the gradient of ${input} has numbers`);
        }
      }
    }
  });
}

test.run();
