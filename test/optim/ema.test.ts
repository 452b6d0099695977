import { recordEma } from '../../src/optim/ema.ts';
import { createArena } from '../../src/tape/parameter.ts';
import { createTape } from '../../src/tape/tape.ts';
import { testDevice } from '../device.ts';
import { assert, suite } from '../harness.ts';

const test = suite('ema');

const arenaOf = (sizes: readonly number[]) => {
  const arena = createArena(512);
  sizes.forEach((size, i) => {
    arena.add(`p${i}`, [size], new Float32Array(size));
  });
  return arena;
};

test('one dispatch a chunk, and chunks that are laid out otherwise are refused', async () => {
  const tape = createTape((await testDevice()).target);
  const arena = arenaOf([70, 100, 90]);
  const chunks = (of: typeof arena) => of.chunks.map(({ values }) => values);
  recordEma(tape, arena, chunks(arenaOf([70, 100, 90])), 0.9);
  assert.ok(arena.chunks.length > 1);
  assert.is(tape.dispatches.length, arena.chunks.length);
  assert.throws(() => recordEma(tape, arena, chunks(arenaOf([70, 100])), 0.9), /not laid out as the parameters/);
  assert.throws(() => recordEma(tape, arena, chunks(arena), 1.5), /momentum/);
});

test.run();
