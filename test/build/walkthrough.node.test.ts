import { readFile } from 'node:fs/promises';
import { createCompiler } from '../../src/build/compile.node.ts';
import { indexKernels } from '../../src/build/kernels.ts';
import { record, run } from '../../src/conformance/evaluate.ts';
import { randomNormal } from '../../src/data/random.ts';
import { modules } from '../../src/gpu/kernel/generated/modules.ts';
import { conv2d } from '../../src/ops/conv2d.ts';
import { newDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('a new epilogue, from start to end');

const PATH = 'lib/activation.wgsl';

/** The module as ARCHITECTURE.md prints it, and the number of kernels that it says have the new constant. */
async function printed() {
  const text = await readFile('ARCHITECTURE.md', 'utf8');
  const [, block = ''] = /```wgsl\n(.*?)```/s.exec(text) ?? [];
  const [, count] = /`RELU6` is now a constant of the (\d+) kernels/.exec(text) ?? [];
  return { module: block.replace(/^ {3}/gm, ''), count: Number(count) };
}

test('the one file that is edited makes kernels that compile and have the constant', async () => {
  const { module, count } = await printed();
  const { kernels, errors } = await indexKernels({ ...modules, [PATH]: module }, await createCompiler());
  assert.equal(errors, []);
  assert.is([...kernels.matchAll(/constants: \{.*"RELU6"/g)].length, count);
});

test('every way to compute a convolution then stores min(max(x, 0), 6)', async () => {
  const { module } = await printed();
  const device = await newDevice();
  device.library.replaceModule(PATH, module);
  const inputs = {
    x: { shape: [2, 7, 5, 8], data: Float32Array.from(randomNormal(560, 1, 1, 1)) },
    w: { shape: [3, 3, 8, 12], data: Float32Array.from(randomNormal(864, 1, 1, 2)) },
  };
  const results = async (candidate: string, relu6: number) => {
    const recorded = record(
      device.target,
      (tape, { x, w }) => ({ y: conv2d(tape, x!, w!, undefined, { padding: [1, 1] }) }),
      inputs,
      { candidates: { 'conv2d.forward': candidate } },
    );
    const [dispatch] = recorded.tape.dispatches;
    const kernel = { ...dispatch!.kernel, constants: { ...dispatch!.kernel.constants, RELU6: 0 } };
    const constants = { ...dispatch!.constants, RELU6: relu6 };
    recorded.tape.dispatches.splice(0, 1, { ...dispatch!, kernel, constants });
    return { kernel: kernel.name, y: [...(await run(device, recorded)).outputs.y!.data] };
  };
  for (const candidate of ['subgroup', 'tile', 'register', 'direct']) {
    const plain = await results(candidate, 0);
    const clamped = await results(candidate, 1);
    assert.match(clamped.kernel, new RegExp(candidate));
    assert.ok(plain.y.some((value) => value > 6) && plain.y.some((value) => value < 0));
    assert.equal(
      clamped.y,
      plain.y.map((value) => Math.min(Math.max(value, 0), 6)),
    );
  }
  device.destroy();
});

test.run();
