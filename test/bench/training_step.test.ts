import { measureCompile } from '../../src/bench/measure_compile.ts';
import { createTrainingStep, timeSteps } from '../../src/bench/training_step.ts';
import type { Device } from '../../src/gpu/device.ts';
import { createPipelines } from '../../src/gpu/kernel/pipelines.ts';
import { ceTuning } from '../../src/methods/ce_tuning.ts';
import { scl } from '../../src/methods/scl.ts';
import { createModel, type Model } from '../../src/nn/model.ts';
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

test('a step is compiled from cold and timed, the host apart', async () => {
  // The driver remembers what it has compiled for other tests; for the engine, nothing is compiled yet.
  const shared = await testDevice();
  const cold = (): Device => ({ ...shared, pipelines: createPipelines(shared.gpu, shared.library) });
  const [device, another] = [cold(), cold()];
  const model = createModel({ arch: 'resnet8', projector: {}, classes: 10, seed: 0 });
  const step = createTrainingStep(device.target, model, scl, [2, 16, 16, 3]);
  const { program, pipelines, seconds } = await measureCompile(device, step.tape, another);
  assert.is(pipelines.length, device.pipelines.size);
  assert.ok(seconds > 0);
  assert.equal(
    pipelines.map(({ milliseconds }) => milliseconds),
    pipelines.map(({ milliseconds }) => milliseconds).sort((a, b) => b - a),
  );
  const timed = await timeSteps(device, program, step.inputs, 2);
  assert.ok(timed.host > 0 && timed.host < timed.step);
  assert.ok(timed.written > 2 * 16 * 16 * 3 * 4);
});

test.run();
