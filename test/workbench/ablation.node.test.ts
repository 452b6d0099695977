import { ownCases } from '../../src/bench/cases/own.ts';
import { modules } from '../../src/gpu/kernel/generated/modules.ts';
import { type Ablation, ablate } from '../../src/workbench/ablation.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('ablation');

const PATH = 'elementwise/relu.wgsl';
const loop = (turns: number) => `for (var k = 0u; k < ${turns}u; k++) {
    v = v * 0.999 + f32(params.vec4s);
  }`;

test('a loop that is twice as long as another costs twice as much', async () => {
  const device = await testDevice();
  const bench = ownCases('map 8192').find(({ name }) => name.startsWith('relu'))!;
  const launching = { bench, candidate: 'default' };
  const text = modules[PATH]!.replace(
    'y[i] = relu(x[i]);',
    `var v = x[i];\n  ${loop(60)}\n  ${loop(120)}\n  y[i] = v;`,
  );
  const first = text.split('\n').findIndex((line) => line.includes('k < 60u')) + 1;
  // Many short samples, of which some meet no other program.
  const options = { path: PATH, rounds: 30, budget: 300, sample: 6 };
  const ratios: number[] = [];
  // A busy machine holds up what is long more than what is short; a measurement that it leaves alone comes soon.
  while (ratios.length < 8 && !(Math.abs((ratios.at(-1) ?? 0) / 2 - 1) < 0.15)) {
    const found: Ablation[] = [];
    for await (const part of ablate(device, 'elementwise/relu', launching, { ...modules, [PATH]: text }, options))
      found.push(part);
    assert.equal(
      found.map(({ function: name }) => name),
      ['map'],
    );
    const cost = (from: number) =>
      found[0]!.lines.filter(({ line }) => line >= from && line < from + 2).reduce((sum, { share }) => sum + share, 0);
    ratios.push(cost(first + 3) / cost(first));
  }
  assert.ok(
    Math.abs((ratios.at(-1) ?? 0) / 2 - 1) < 0.15,
    `the one costs ${ratios.map((ratio) => ratio.toFixed(2))} times as much`,
  );
});

test.run();
