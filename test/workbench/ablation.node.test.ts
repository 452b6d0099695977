import { ownCases } from '../../src/bench/cases/own.ts';
import { modules } from '../../src/gpu/kernel/generated/modules.ts';
import { type Ablation, ablate, halvesAgree } from '../../src/workbench/ablation.ts';
import { newDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('ablation');

const PATH = 'elementwise/relu.wgsl';
const loop = (turns: number) => `for (var k = 0u; k < ${turns}u; k++) {
    v = v * 0.999 + f32(params.vec4s);
  }`;

test('costs stand at the lines that they are of, with the constants that were given', async () => {
  const device = await newDevice();
  const compiled: string[] = [];
  const create = device.gpu.createShaderModule.bind(device.gpu);
  device.gpu.createShaderModule = (descriptor) => {
    compiled.push(descriptor.code);
    return create(descriptor);
  };
  const bench = ownCases('map 8192').find(({ name }) => name.startsWith('relu'))!;
  // So much longer that no other program on the machine can make the first the dearer one.
  const loops = `var v = x[i];\n  ${loop(20)}\n  ${loop(200)}\n  y[i] = v;`;
  const text = modules[PATH]!.replace('y[i] = relu(x[i]);', loops);
  const first = text.split('\n').findIndex((line) => line.includes('k < 20u')) + 1;
  const found: Ablation[] = [];
  const options = { path: PATH, constants: { WORKGROUP: 16 } };
  const launching = { bench, candidate: 'default' };
  for await (const part of ablate(device, 'elementwise/relu', launching, { ...modules, [PATH]: text }, options))
    found.push(part);
  assert.equal(
    found.map(({ function: name }) => name),
    ['map'],
  );
  const { lines, whole } = found[0]!;
  const cost = (from: number) =>
    lines.filter(({ line }) => line >= from && line < from + 2).reduce((sum, { share }) => sum + share, 0);
  assert.ok(cost(first + 3) > cost(first), JSON.stringify(lines));
  assert.ok(whole > 0 && lines.every(({ path, share }) => path === PATH && share >= 0 && share <= 1));
  const cut = compiled.filter((code) => code.includes('ablation_cut'));
  assert.ok(cut.length > 0 && cut.every((code) => /const WORKGROUP: u32 = 16u;/.test(code)));
});

test('a measurement is long enough when every other sample tells the same as those between', () => {
  const of = (...samples: number[]) => ({ samples });
  assert.is(halvesAgree([of(1, 1.02, 1.5, 1.01), of(3, 3.01, 3.5, 9)]), true);
  assert.is(halvesAgree([of(1, 1.2, 1.5, 1.3), of(3, 3.01, 3.5, 9)]), false);
});

test.run();
