import source from '../../kernels/augment/random.wgsl' with { type: 'text' };
import { normal2, random4, randomNormal, randomUniform, shuffle, uniform01 } from '../../src/data/random.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('random');

test('pcg4d has the values of its definition', () => {
  // Computed in Python with integers of any size.
  const max = 0xffffffff;
  assert.equal(random4(0, 0, 0, 0), [251852841, 760645481, 850445371, 3542436074]);
  assert.equal(random4(1, 2, 3, 4), [908250390, 4044648920, 3775961919, 45698095]);
  assert.equal(random4(max, max, max, max), [2538526866, 3222658151, 2677364576, 2713428488]);
  assert.equal(random4(123456789, 7, 42, 0), [288634361, 3542499299, 2577881479, 1941697407]);
});

test('uniform01 stays below 1 and takes 24 bits', () => {
  assert.is(uniform01(0), 0);
  assert.is(uniform01(0xffffffff), 1 - 2 ** -24);
  assert.is(Math.fround(uniform01(0xffffffff)), 1 - 2 ** -24);
  assert.is(uniform01(0x80000000), 0.5);
});

test('normal2 is finite at the ends', () => {
  assert.equal(normal2(0, 0), [0, 0]);
  assert.ok(normal2(0xffffffff, 0)[0] < 5.8);
});

const moments = (values: Float32Array) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const central = (power: number) => values.reduce((sum, value) => sum + (value - mean) ** power, 0) / values.length;
  return { mean, variance: central(2), fourth: central(4) };
};
const within = (got: number, want: number, margin: number) =>
  assert.ok(Math.abs(got - want) < margin, `${got}, not ${want}`);

test('randomUniform has the moments of its distribution', () => {
  const { mean, variance } = moments(randomUniform(100_001, -1, 3, 42, 0));
  within(mean, 1, 0.02);
  within(variance, 16 / 12, 0.02);
});

test('randomNormal has the moments of its distribution', () => {
  const { mean, variance, fourth } = moments(randomNormal(100_001, 2, 42, 0));
  within(mean, 0, 0.03);
  within(variance, 4, 0.08);
  within(fourth, 48, 3);
});

test('an element depends on its place, the seed and the stream alone', () => {
  const values = randomNormal(10, 1, 1, 2);
  assert.equal(randomNormal(7, 1, 1, 2), values.subarray(0, 7));
  assert.not.equal(randomNormal(10, 1, 2, 2), values);
  assert.not.equal(randomNormal(10, 1, 1, 3), values);
});

test('shuffle has the values of its definition', () => {
  // Computed in Python with integers of any size.
  assert.equal([...shuffle(10, 42, 0)], [3, 0, 1, 9, 4, 7, 6, 8, 5, 2]);
  assert.equal([...shuffle(10, 42, 1)], [7, 4, 3, 9, 0, 8, 6, 1, 5, 2]);
  assert.equal([...shuffle(10, 43, 0)], [7, 4, 5, 2, 6, 3, 8, 0, 1, 9]);
});

test('shuffle holds every number once, in every place about equally often', () => {
  assert.equal(
    [...shuffle(1000, 5, 9)].sort((a, b) => a - b),
    Array.from({ length: 1000 }, (_, i) => i),
  );
  assert.equal([shuffle(0, 1, 1).length, shuffle(1, 1, 1)[0]], [0, 0]);
  const counts = new Float64Array(25);
  for (let epoch = 0; epoch < 5000; epoch++) {
    shuffle(5, 1, epoch).forEach((value, place) => {
      counts[5 * place + value]! += 1;
    });
  }
  // 1000 are expected of each, with a standard deviation of 28.
  assert.ok(
    counts.every((count) => Math.abs(count - 1000) < 140),
    String(counts),
  );
});

test('the GPU draws the same bits and the same numbers', async () => {
  const count = 256;
  const { gpu, wait } = await testDevice();
  const code = `${source}
    @group(0) @binding(0) var<storage, read_write> bits: array<vec4u>;
    @group(0) @binding(1) var<storage, read_write> uniforms: array<f32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      bits[id.x] = random4(vec4u(id.x, id.x * id.x, 42u, ~id.x));
      uniforms[id.x] = uniform01(bits[id.x].x);
    }`;
  const pipeline = gpu.createComputePipeline({
    layout: 'auto',
    compute: { module: gpu.createShaderModule({ code }), entryPoint: 'main' },
  });
  const sizes = [16 * count, 4 * count];
  const buffers = sizes.map((size) =>
    gpu.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC }),
  );
  const staging = gpu.createBuffer({ size: 20 * count, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  pass.setBindGroup(0, gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(count / 64);
  pass.end();
  encoder.copyBufferToBuffer(buffers[0]!, 0, staging, 0, 16 * count);
  encoder.copyBufferToBuffer(buffers[1]!, 0, staging, 16 * count, 4 * count);
  gpu.queue.submit([encoder.finish()]);
  await wait(staging.mapAsync(GPUMapMode.READ));
  const mapped = staging.getMappedRange();
  const [bits, uniforms] = [new Uint32Array(mapped, 0, 4 * count), new Float32Array(mapped, 16 * count)];
  for (let i = 0; i < count; i++) {
    const want = random4(i, i * i, 42, ~i);
    assert.equal([...bits.subarray(4 * i, 4 * i + 4)], want);
    assert.is(uniforms[i], uniform01(want[0]));
  }
  for (const buffer of [...buffers, staging]) buffer.destroy();
});

test.run();
