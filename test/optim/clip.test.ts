import { randomNormal } from '../../src/data/random.ts';
import { compile } from '../../src/gpu/program/program.ts';
import { accumulator } from '../../src/optim/accumulate.ts';
import { clipGradients } from '../../src/optim/clip.ts';
import { createArena } from '../../src/tape/parameter.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('clipping');

/** Parameters of odd sizes in two chunks; the third is not trained. */
async function setUp({ sums }: { sums: boolean }) {
  const device = await testDevice();
  const arena = createArena(2 ** 18);
  const parameters = [7, 30_001, 129, 60_000].map((size, i) => arena.add(`p${i}`, [size], new Float32Array(size)));
  const gradients = parameters.map(({ shape }, i) => randomNormal(shape[0]!, 10 ** (i - 2), 5, i));
  const trained = new Set(parameters.filter((_, i) => i !== 2));
  assert.is(arena.chunks.length, 2);
  const from = sums ? accumulator(arena) : undefined;
  const targets = parameters.map(({ label, gradient }) => from?.state().get(label) ?? gradient);
  const norm = Math.sqrt(
    gradients.filter((_, i) => i !== 2).reduce((sum, values) => sum + values.reduce((part, g) => part + g * g, 0), 0),
  );
  const run = async (max_norm: number) => {
    for (const [i, target] of targets.entries()) device.write(target, gradients[i]!);
    const tape = createTape(device.target);
    tape.output('norm', clipGradients(tape, arena, trained, { max_norm, from }));
    const program = await compile(device, tape);
    const told = (await program.run({}, ['norm']).read()).norm[0]!;
    return { told, clipped: await Promise.all(targets.map((target) => device.read(target))) };
  };
  return { run, norm, gradients };
}

for (const sums of [false, true])
  test(`${sums ? 'sums of gradients' : 'gradients'} have at most the norm asked for, all together, as PyTorch clips`, async () => {
    const { run, norm, gradients } = await setUp({ sums });
    const { told, clipped } = await run(norm / 3);
    assert.ok(Math.abs(told / norm - 1) < 1e-5, `the norm is ${told} instead of ${norm}`);
    const factor = norm / 3 / (norm + 1e-6);
    for (const [i, values] of clipped.entries())
      for (const [place, value] of values.entries()) {
        const want = gradients[i]![place]! * (i === 2 ? 1 : factor);
        assert.ok(Math.abs(value - want) <= 1e-5 * Math.abs(want), `p${i}[${place}] is ${value} instead of ${want}`);
      }
    const again = await run(norm / 3);
    assert.equal(again, { told, clipped });
  });

test('what is small enough stays as it is to the bit', async () => {
  const { run, norm, gradients } = await setUp({ sums: false });
  assert.equal((await run(1.01 * norm)).clipped, gradients);
});

test('a norm that cannot be is refused, and so is nothing to clip', async () => {
  const device = await testDevice();
  const arena = createArena();
  const parameter = arena.add('p', [3], new Float32Array(3));
  const clip = (max_norm: number, trained: Set<typeof parameter>) => () =>
    clipGradients(createTape(device.target), arena, trained, { max_norm });
  for (const max_norm of [0, -1, Number.NaN])
    assert.throws(
      clip(max_norm, new Set([parameter])),
      /^clipGradients: max_norm is \S+, but it must be a number above 0\.$/,
    );
  assert.throws(clip(1, new Set()), /^clipGradients: no parameter of the arena has a gradient here\.$/);
});

test.run();
