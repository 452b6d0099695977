import { measureCompile } from '../../src/bench/measure_compile.ts';
import { createTrainingStep, timeSteps } from '../../src/bench/training_step.ts';
import type { Device } from '../../src/gpu/device.ts';
import { createPipelines } from '../../src/gpu/kernel/pipelines.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { ceTuning } from '../../src/methods/ce_tuning.ts';
import { createModel, type Model } from '../../src/nn/model.ts';
import { relu } from '../../src/ops/elementwise.ts';
import { softmax } from '../../src/ops/softmax.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('training step');

let model: Model | undefined;

/** Recorded and never run, so that one does for several tests. */
function resnet50(): Model {
  model ??= createModel({ arch: 'resnet50', classes: 1000, seed: 0 });
  return model;
}

test("a ResNet-50 step's memory is close to what its backward pass must keep", async () => {
  const { target } = await testDevice();
  const { memory } = createTrainingStep(target, resnet50(), ceTuning, [16, 224, 224, 3]);
  const { planned, unshared, kept, lasting } = memory;
  assert.ok(kept <= planned && planned < unshared);
  // Values, gradients and momentum of 25.6 million parameters.
  assert.ok(lasting > 3 * 4 * 25.5e6);
  assert.ok(planned + lasting <= 1.3 * (kept + lasting), `${planned + lasting} and ${kept + lasting} bytes`);
});

test("statistics from the convolutions' kernels spare a GPU's step a read of all that is normalised", async () => {
  const { target } = await testDevice();
  const bytes = (candidates?: Record<string, string>) =>
    createTrainingStep(
      { ...target, kind: 'gpu' },
      resnet50(),
      ceTuning,
      [16, 224, 224, 3],
      candidates,
    ).dispatches.reduce((sum, dispatch) => sum + dispatch.bytes, 0);
  const [pass, epilogue] = ['pass', 'epilogue'].map((name) => bytes({ 'batch_norm.statistics': name }));
  assert.is(bytes(), epilogue);
  // Its convolutions give 11.1 million numbers an image; partial statistics take some of that.
  const saved = (pass! - epilogue!) / (16 * 11.1e6 * 4);
  assert.ok(saved > 0.9 && saved < 1, `${saved} of a read`);
});

test('a tape is compiled from cold, its pipelines the slowest first', async () => {
  // The driver remembers what it has compiled for other tests; for the engine, nothing is compiled yet.
  const shared = await testDevice();
  const cold = (): Device => ({ ...shared, pipelines: createPipelines(shared.gpu, shared.library) });
  const [device, another] = [cold(), cold()];
  const tape = createTape(device.target);
  tape.output('y', softmax(tape, relu(tape, tape.input('x', [3, 5]))));
  const { pipelines, seconds } = await measureCompile(device, tape, another);
  assert.equal(pipelines.map(({ kernel }) => kernel).sort(), ['elementwise/relu', 'softmax/forward_scalar']);
  assert.is(pipelines.length, device.pipelines.size);
  assert.ok(seconds > 0);
  assert.ok(pipelines[0]!.milliseconds >= pipelines[1]!.milliseconds);
});

test('a step is timed, the host apart', async () => {
  const device = await testDevice();
  const model = createModel({ arch: 'resnet8', encoder: { width: 4, channels: 1 }, classes: 3, seed: 0 });
  // Other tests train the same network, so that its kernels are compiled once for all.
  const step = createTrainingStep(device.target, model, ceTuning, [6, 8, 8, 1]);
  const timed = await timeSteps(device, await compile(device, step.tape), step.inputs, 2);
  assert.ok(timed.host > 0 && timed.host < timed.step);
  assert.ok(timed.written > 6 * 8 * 8 * 4);
});

test.run();
