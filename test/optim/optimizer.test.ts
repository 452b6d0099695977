import { compare, parseCase, toleranceOf } from '../../src/conformance/case.ts';
import type { Device } from '../../src/gpu/device.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { accumulator } from '../../src/optim/accumulate.ts';
import { adamw } from '../../src/optim/adamw.ts';
import type { Optimizer } from '../../src/optim/optimizer.ts';
import { sgd } from '../../src/optim/sgd.ts';
import { type Arena, createArena, type Parameter } from '../../src/tape/parameter.ts';
import { createTape } from '../../src/tape/tape.ts';
import { toFloat32 } from '../../src/weights/host-tensor.ts';
import { testDevice } from '../device.ts';
import { fixture } from '../fixtures.ts';
import { assert, suite } from '../harness.ts';

const test = suite('optimizers');

const wave = (count: number, phase: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7 + phase));

/** A program that takes one step for `trained`. */
async function stepper(device: Device, optimizer: Optimizer, trained: Set<Parameter>) {
  const tape = createTape(device.target);
  const update = optimizer.record(tape, trained);
  const program = await compile(device, tape);
  return {
    dispatches: program.describe().length,
    step(lr: number, gradients: Map<Parameter, Float32Array>) {
      for (const [parameter, gradient] of gradients) device.write(parameter.gradient, gradient);
      program.run(update.inputs(lr));
    },
  };
}

const read = async (device: Device, arena: Arena) =>
  Promise.all(
    arena.chunks.flatMap(({ parameters }) =>
      parameters.map((parameter) => device.read(parameter) as Promise<Float32Array>),
    ),
  );

for (const name of ['optim_sgd-00', 'optim_sgd-01', 'optim_adamw-00'])
  for (const maxBytes of [2 ** 20, 256])
    test(`golden ${name}, ${maxBytes === 256 ? 'a chunk a parameter' : 'one chunk'}`, async () => {
      const device = await testDevice();
      const golden = parseCase(name, await fixture(`test/golden/${name}.safetensors`));
      const names = Object.keys(golden.outputs);
      const arena = createArena(maxBytes);
      const parameters = names.map((name) => {
        const tensor = golden.inputs[name]!;
        return arena.add(name, tensor.shape, toFloat32(tensor));
      });
      const { lr, steps, ...options } = golden.attrs as Record<string, never>;
      const optimizer = name.includes('sgd') ? sgd(arena, options) : adamw(arena, options);
      const { step, dispatches } = await stepper(device, optimizer, new Set(parameters));
      assert.is(dispatches, arena.chunks.length);
      for (let index = 0; index < Number(steps); index++)
        step(lr!, new Map(parameters.map((p, i) => [p, toFloat32(golden.inputs[`step${index}.g${i}`]!)])));
      const got = await read(device, arena);
      for (const [i, name] of names.entries()) {
        const { ok, error, limit } = compare(
          got[i]!,
          toFloat32(golden.outputs[name]!),
          toleranceOf(golden, `output.${name}`),
        );
        assert.ok(ok, `${name} is off by ${error}, allowed ${limit}`);
      }
    });

const OPTIMIZERS = {
  sgd: (arena: Arena) => sgd(arena, { momentum: 0.9, weight_decay: 0.1, nesterov: true }),
  adamw: (arena: Arena) => adamw(arena, { weight_decay: 0.1 }),
};

for (const [name, make] of Object.entries(OPTIMIZERS)) {
  test(`${name} leaves a parameter without gradient as it is to the bit, and counts its own steps later`, async () => {
    const device = await testDevice();
    // The sizes end within, at and just after a block of 64.
    const sizes = [70, 64, 65, 3];
    const build = () => {
      const arena = createArena();
      return { arena, parameters: sizes.map((size, i) => arena.add(`p${i}`, [size], wave(size, i))) };
    };
    const [a, b] = [build(), build()];
    const [first, second] = [make(a.arena), make(b.arena)];
    const all = (parameters: Parameter[], phase: number) =>
      new Map(parameters.map((p, i) => [p, wave(sizes[i]!, phase + i)]));

    // p1 and p3 are trained by the second program only, as COIN's classifier is.
    const encoder = await stepper(device, first, new Set([a.parameters[0]!, a.parameters[2]!]));
    const both = await stepper(device, first, new Set(a.parameters));
    for (const phase of [10, 11, 12]) encoder.step(0.1, all(a.parameters, phase));
    const between = await read(device, a.arena);
    assert.equal([...between[1]!], [...wave(64, 1)]);
    assert.equal([...between[3]!], [...wave(3, 3)]);
    assert.equal(Object.fromEntries(first.steps), { p0: 3, p2: 3 });
    for (const phase of [13, 14]) both.step(0.05, all(a.parameters, phase));
    assert.equal(Object.fromEntries(first.steps), { p0: 5, p2: 5, p1: 2, p3: 2 });

    // What p1 and p3 must be: two steps from the start, in a run that never had the first stage.
    const only = await stepper(device, second, new Set(b.parameters));
    for (const phase of [13, 14]) only.step(0.05, all(b.parameters, phase));
    const [got, want] = [await read(device, a.arena), await read(device, b.arena)];
    for (const i of [1, 3]) assert.equal([...got[i]!], [...want[i]!]);
    assert.not.equal([...got[0]!], [...want[0]!]);
  });

  test(`${name} resumes from its state to the bit`, async () => {
    const device = await testDevice();
    const build = () => {
      const arena = createArena(512);
      const parameters = [100, 5].map((size, i) => arena.add(`p${i}`, [size], wave(size, i)));
      return { arena, parameters, optimizer: make(arena) };
    };
    const gradients = (parameters: Parameter[], phase: number) =>
      new Map(parameters.map((p, i) => [p, wave(p.shape[0]!, phase + i)]));
    const [a, b] = [build(), build()];
    const one = await stepper(device, a.optimizer, new Set(a.parameters));
    for (const phase of [5, 6]) one.step(0.1, gradients(a.parameters, phase));
    for (const [name, tensor] of a.optimizer.state())
      device.write(b.optimizer.state().get(name)!, await device.read(tensor));
    for (const [i, values] of (await read(device, a.arena)).entries()) device.write(b.parameters[i]!, values);
    for (const [name, count] of a.optimizer.steps) b.optimizer.steps.set(name, count);
    const two = await stepper(device, b.optimizer, new Set(b.parameters));
    one.step(0.1, gradients(a.parameters, 7));
    two.step(0.1, gradients(b.parameters, 7));
    const [got, want] = [await read(device, b.arena), await read(device, a.arena)];
    assert.equal(
      got.map((values) => [...values]),
      want.map((values) => [...values]),
    );
  });
}

test('groups scale the learning rate and replace the weight decay', async () => {
  const device = await testDevice();
  const arena = createArena();
  const parameters = ['head.weight', 'body.weight', 'body.bias'].map((label) =>
    arena.add(label, [2], Float32Array.of(1, -2)),
  );
  const optimizer = sgd(arena, {
    weight_decay: 0.5,
    groups: ({ label }) => ({
      ...(label.startsWith('head') && { lr_scale: 10 }),
      ...(label.endsWith('bias') && { weight_decay: 0 }),
    }),
  });
  const { step } = await stepper(device, optimizer, new Set(parameters));
  step(0.01, new Map(parameters.map((p) => [p, Float32Array.of(1, 1)])));
  const got = await read(device, arena);
  const want = [
    [1 - 0.1 * 1.5, -2 - 0.1 * 0],
    [1 - 0.01 * 1.5, -2 - 0.01 * 0],
    [0.99, -2.01],
  ];
  for (const [i, values] of got.entries())
    assert.ok(compare(values, want[i]!, { rtol: 1e-6, atol: 0 }).ok, `${i}: ${values}`);
});

test('accumulated micro-batches give the step of their mean, also in a partial group, and leave sums at 0', async () => {
  const device = await testDevice();
  const build = () => {
    const arena = createArena(512);
    const parameters = [100, 30, 64].map((size, i) => arena.add(`p${i}`, [size], wave(size, i)));
    return { arena, parameters, optimizer: sgd(arena, { momentum: 0.9, weight_decay: 0.1, nesterov: true }) };
  };
  const [a, b] = [build(), build()];
  const trained = (parameters: Parameter[]) => new Set([parameters[0]!, parameters[2]!]);

  const sums = accumulator(a.arena);
  const micro = createTape(device.target);
  sums.record(micro, trained(a.parameters), 0.25);
  const apply = createTape(device.target);
  const update = a.optimizer.record(apply, trained(a.parameters), { from: sums });
  const [microProgram, applyProgram] = [await compile(device, micro), await compile(device, apply)];
  const reference = await stepper(device, b.optimizer, trained(b.parameters));

  for (const group of [
    [1, 2, 3, 4],
    [5, 6],
  ]) {
    for (const phase of group) {
      for (const p of a.parameters) device.write(p.gradient, wave(p.shape[0]!, phase));
      microProgram.run();
    }
    applyProgram.run(update.inputs(0.1));
    const mean = (size: number) => {
      const waves = group.map((phase) => wave(size, phase));
      return Float32Array.from({ length: size }, (_, i) => waves.reduce((sum, values) => sum + values[i]! / 4, 0));
    };
    reference.step(0.1, new Map(b.parameters.map((p) => [p, mean(p.shape[0]!)])));
  }
  const [got, want] = [await read(device, a.arena), await read(device, b.arena)];
  for (const [i, values] of got.entries()) assert.ok(compare(values, want[i]!, { rtol: 1e-6, atol: 0 }).ok, `p${i}`);
  assert.equal([...got[1]!], [...wave(30, 1)]);
  for (const chunk of sums.chunks) {
    const left = await device.read({
      shape: [chunk.bytes / 4],
      dtype: 'f32',
      label: 'sums',
      requiresGrad: false,
      storage: { chunk, offset: 0 },
    });
    assert.ok(left.every((value) => value === 0));
  }
});

test('a NaN gradient is not hidden', async () => {
  const device = await testDevice();
  for (const make of Object.values(OPTIMIZERS)) {
    const arena = createArena();
    const p = arena.add('p', [3], Float32Array.of(1, 2, 3));
    const { step } = await stepper(device, make(arena), new Set([p]));
    step(0.1, new Map([[p, Float32Array.of(0, Number.NaN, 0)]]));
    const [values] = await read(device, arena);
    assert.equal([...values!].map(Number.isNaN), [false, true, false]);
  }
});

for (const kind of ['cpu', 'gpu'] as const)
  test(`a parameter of many spans, in the launch for a ${kind}`, async () => {
    const device = await testDevice();
    const arena = createArena();
    const size = 5_000_003;
    const p = arena.add('p', [size], new Float32Array(size).fill(1));
    const { step } = await stepper({ ...device, target: { ...device.target, kind } }, sgd(arena), new Set([p]));
    step(0.5, new Map([[p, Float32Array.from({ length: size }, (_, i) => i % 7)]]));
    const [values] = await read(device, arena);
    assert.ok(values!.every((value, i) => value === 1 - 0.5 * (i % 7)));
  });

for (const [name, make] of Object.entries(OPTIMIZERS))
  test(`${name}: each run needs its inputs anew, and only a run that was taken counts`, async () => {
    const device = await testDevice();
    const arena = createArena();
    const p = arena.add('p', [3], Float32Array.of(1, 2, 3));
    const tape = createTape(device.target);
    const optimizer = make(arena);
    const update = optimizer.record(tape, new Set([p]));
    const x = tape.input('x', [2]);
    tape.output('x', x);
    const program = await compile(device, tape);
    const forgotten = `${name}: the run was not given what update.inputs(lr) returns, which each run needs anew.`;
    const stale = `${name}: the run was given what update.inputs(lr) returned for another step; each run needs it anew.`;
    const refused = (inputs: Record<string, ArrayBufferView>, why: string | RegExp) => {
      const before = Object.fromEntries(optimizer.steps);
      assert.throws(
        () => program.run(inputs),
        ({ message }: Error) => (typeof why === 'string' ? message === why : why.test(message)),
      );
      assert.equal(Object.fromEntries(optimizer.steps), before);
    };

    refused({ x: new Float32Array(2) }, forgotten);
    refused({ ...update.inputs(0.1) }, 'The program was never given its input x.');
    refused({ ...update.inputs(0.1), x: new Float32Array(3) }, /^x \[2\] takes 2 elements/);
    refused({ ...update.inputs(0.1), x: new Float32Array(2), z: new Float32Array(2) }, /no input named z/);
    assert.is(optimizer.steps.size, 0);
    device.write(p.gradient, Float32Array.of(1, 1, 1));
    const first = { ...update.inputs(0.1), x: new Float32Array(2) };
    const again = update.inputs(0.1);
    program.run(first);
    assert.equal(Object.fromEntries(optimizer.steps), { p: 1 });
    refused({}, forgotten);
    refused(first, stale);
    refused(again, stale);
    refused({ optimizer: new Float32Array(4) }, forgotten);
    await program.profile(update.inputs(0.1));
    assert.equal(Object.fromEntries(optimizer.steps), { p: 2 });
    assert.ok((await read(device, arena))[0]!.every(Number.isFinite));
  });

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const OPTIONS: readonly {
  readonly name: string;
  readonly use: (arena: Arena, value: never) => unknown;
  readonly good: readonly unknown[];
  readonly bad: readonly unknown[];
}[] = [
  {
    name: 'sgd: momentum',
    use: (arena, momentum) => sgd(arena, { momentum }),
    good: [0, 0.9],
    bad: [-0.1, nan, infinity],
  },
  {
    name: 'sgd: weight_decay',
    use: (arena, weight_decay) => sgd(arena, { weight_decay }),
    good: [0, 1e-4],
    bad: [-1e-4, nan],
  },
  {
    name: 'adamw: weight_decay',
    use: (arena, weight_decay) => adamw(arena, { weight_decay }),
    good: [0],
    bad: [-1, nan],
  },
  {
    name: 'adamw: betas[0]',
    use: (arena, beta) => adamw(arena, { betas: [beta, 0.9] }),
    good: [0, 0.9],
    bad: [1, -0.1, nan],
  },
  {
    name: 'adamw: betas[1]',
    use: (arena, beta) => adamw(arena, { betas: [0.9, beta] }),
    good: [0, 0.9],
    bad: [1, 2, nan],
  },
  { name: 'adamw: eps', use: (arena, eps) => adamw(arena, { eps }), good: [0, 1e-8], bad: [-1e-8, nan] },
];

for (const { name, use, good, bad } of OPTIONS)
  test(`${name} is refused where it cannot be`, () => {
    const arena = createArena();
    for (const value of good) use(arena, value as never);
    for (const value of bad)
      assert.throws(
        () => use(arena, value as never),
        new RegExp(`^${name.replace(/[[\]]/g, '\\$&')} is \\S+, but it must be a number .*\\.$`),
      );
  });

test('rates, groups, factors and a momentum that Nesterov needs are refused where they cannot be', async () => {
  const { target } = await testDevice();
  const arena = createArena();
  const trained = new Set([arena.add('p', [3], Float32Array.of(1, 2, 3))]);
  const update = sgd(arena).record(createTape(target), trained);
  for (const lr of [undefined, nan, -0.1, infinity])
    assert.throws(
      () => update.inputs(lr as number),
      /^sgd: the learning rate is \S+, but it must be a number at least 0\.$/,
    );
  update.inputs(0);
  for (const group of [{ lr_scale: -1 }, { weight_decay: nan }])
    assert.throws(
      () => adamw(arena, { groups: () => group }).record(createTape(target), trained),
      /^adamw: (lr_scale|weight_decay) of p is \S+, but it must be a number at least 0\.$/,
    );
  for (const factor of [0, nan, -1])
    assert.throws(
      () => accumulator(arena).record(createTape(target), trained, factor),
      /^accumulate: factor is \S+, but it must be a number above 0\.$/,
    );
  assert.throws(() => sgd(arena, { nesterov: true }), /^sgd: nesterov is set, but it needs a momentum above 0\.$/);
});

test('a tape without gradients, and two optimizers on one tape, are refused', async () => {
  const arena = createArena();
  const p = arena.add('p', [3], Float32Array.of(1, 2, 3));
  const tape = createTape((await testDevice()).target);
  const optimizer = sgd(arena);
  assert.throws(() => optimizer.record(tape, new Map()), /sgd: no parameter of the arena has a gradient here\./);
  optimizer.record(tape, new Set([p]));
  assert.throws(() => optimizer.record(tape, new Set([p])), /already has an input named optimizer/);
});

test.run();
