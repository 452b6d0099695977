import { defineKernel } from '../../src/gpu/kernel/define.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { type Browser, borrowChromium } from '../../src/gpu/remote/borrow.node.ts';
import { decoder, encode } from '../../src/gpu/remote/messages.ts';
import { type Device, requestDevice } from '../../src/node.ts';
import { crossEntropy } from '../../src/ops/cross_entropy.ts';
import { gradients } from '../../src/ops/gradients.ts';
import { linear } from '../../src/ops/linear.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { createTape } from '../../src/tape/tape.ts';
import { assert, suite } from '../harness.ts';

const test = suite('WebGPU of a browser');

let browser: Browser;
let device: Device;
test.before(async () => {
  browser = await borrowChromium();
  device = await browser.request();
});
test.after(() => browser.close());

test('messages are whole however their bytes come, and objects are numbers', () => {
  const object = {};
  const bytes = Uint8Array.from({ length: 70 }, (_, i) => i);
  const message = { on: 3, args: [object, { nested: [bytes.subarray(3, 9), bytes.buffer] }, null, 'x', 1.5] };
  const frames = [encode(message, (value) => (value === object ? 7 : undefined)), encode({ drop: [1] })];
  const all = Uint8Array.from(frames.flatMap((frame) => [...frame]));
  for (const size of [1, 5, 64, all.length]) {
    const decode = decoder((number) => `object ${number}`);
    const got: unknown[] = [];
    for (let from = 0; from < all.length; from += size)
      got.push(...decode(all.subarray(from, from + size)).map((read) => read()));
    assert.equal(got, [
      { on: 3, args: ['object 7', { nested: [bytes.slice(3, 9), bytes] }, null, 'x', 1.5] },
      { drop: [1] },
    ]);
  }
});

/** Losses and gradients of a small network, of a few random batches. */
async function results(on: Device): Promise<number[][]> {
  const tape = createTape(on.target);
  const x = tape.input('x', [9, 12]);
  const weight = tape.input('weight', [12, 8], 'f32', { requiresGrad: true });
  const logits = linear(tape, matmul(tape, x, weight), tape.input('head', [8, 5], 'f32', { requiresGrad: true }));
  const loss = crossEntropy(tape, logits, tape.input('labels', [9], 'i32'));
  tape.output('loss', loss);
  for (const [input, gradient] of gradients(tape, loss)) tape.output(`grad.${input.label}`, gradient);
  const program = await compile(on, tape);
  const wave = (count: number, by: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(by * (i + 1)));
  const outputs = ['loss', 'grad.weight', 'grad.head'];
  const runs = [1, 2, 3].map((by) =>
    program.run(
      {
        x: wave(108, by),
        weight: wave(96, by + 0.1),
        head: wave(40, by + 0.2),
        labels: Int32Array.from({ length: 9 }, (_, i) => i % 5),
      },
      outputs,
    ),
  );
  const read = await Promise.all(runs.map((run) => run.read()));
  return read.flatMap((values) => outputs.map((name) => [...values[name]!]));
}

test('it gives the same bits as Node on the same driver', async () => {
  const node = await requestDevice('swiftshader');
  assert.is(device.target.kind, 'cpu');
  assert.equal(
    [...device.target.features].sort(),
    [...node.target.features].filter((name) => device.target.features.has(name)).sort(),
  );
  const [here, there] = [await results(node), await results(device)];
  assert.ok(here.flat().every(Number.isFinite) && here.flat().some((value) => Math.abs(value) > 0.01));
  assert.equal(there, here);
});

test('what is wrong is told as elsewhere: a kernel’s mistake with its place, and what the GPU refuses', async () => {
  const tape = createTape(device.target);
  const y = tape.empty([4], 'y');
  const kernel = defineKernel(
    'wrong',
    '@group(0) @binding(1) var<storage, read_write> y: array<f32>;\n@compute @workgroup_size(1) fn main() {\n  y[0] = z;\n}',
  );
  tape.dispatch(kernel, { bindings: { y }, uniforms: {}, workgroups: [1, 1, 1], label: 'wrong' });
  tape.output('y', y);
  const message = await compile(device, tape).then(
    () => '',
    (error: Error) => error.message,
  );
  assert.match(message, /^wrong\.wgsl:3:10: .*z.*\(in wrong\)\n {2}y\[0\] = z;\n {9}\^$/);
  device.gpu.createBuffer({ size: 4, usage: 0xffff });
  const refused = await device.idle().then(
    () => '',
    (error: Error) => `${error.name}: ${error.message}`,
  );
  assert.match(refused, /^GPUValidationError: The GPU refused a command: /);
});

test('once it is gone its devices are lost, and another adapter than it has is refused', async () => {
  const refusal = await browser.request('llvmpipe').then(
    () => '',
    (error: Error) => error.message,
  );
  assert.match(refusal, /^Chromium has the adapter .* alone, which is not what GPU=llvmpipe asks for\.$/);
  await browser.close();
  await device.gpu.lost;
  assert.ok(browser.isGone());
  const lost = await device.idle().then(
    () => '',
    (error: Error) => error.message,
  );
  assert.is(lost, 'The GPU device was lost (The browser that computed is gone.); what was saved so far is intact.');
});

test.run();
