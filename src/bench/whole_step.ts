// Whether choices of kernels that win by themselves make a whole step faster.
import type { Device } from '../gpu/device.ts';
import { encode } from '../gpu/program/command.ts';
import { type Prepared, prepare } from '../gpu/program/prepare.ts';
import type { Tuned } from '../gpu/tune/tune.ts';
import type { Choose, Tape } from '../tape/tape.ts';
import { type Comparison, compareTimes, verdictOf } from './comparison.ts';
import { type Run, takeTurns } from './timing.ts';

/** As many as an interval of 95 % is narrow with; a step that takes long gets fewer. */
const ROUNDS = { rounds: 8, budget: 10_000 };
const FEWEST = 4;

/** Times a tape with what shapes suggest and with what was measured to be best in its place, taking turns. */
export async function compareSteps(
  device: Device,
  record: (choose: Choose) => Tape,
  tuned: readonly Tuned[],
): Promise<Comparison> {
  const by = (choice: (own: Tuned) => string) => {
    const choices = new Map(tuned.map((own) => [own.key, choice(own)]));
    return prepare(
      device,
      record((op, problem) => choices.get(`${op} ${problem}`)),
    );
  };
  const steps = [await by((own) => own.plain), await by((own) => own.best)];
  const [before, after] = await takeTurns(
    steps.map((step) => runOf(device, step)),
    ROUNDS,
    FEWEST,
  );
  for (const step of steps) step.destroy();
  return compareTimes(before?.samples ?? [], after?.samples ?? []);
}

/** Runs a tape on whatever its inputs hold. */
const runOf =
  ({ gpu, idle }: Device, { bind }: Prepared): Run =>
  async (times) => {
    for (let i = 0; i < times; i++)
      for (const part of bind().submissions) {
        const encoder = gpu.createCommandEncoder();
        encode(encoder, part);
        gpu.queue.submit([encoder.finish()]);
      }
    await idle();
  };

/** Keeps choices in `device.measured` where the whole step is faster beyond noise; else the plain ones. Returns whether it is. */
export function keepIfFaster({ measured }: Device, tuned: readonly Tuned[], step: Comparison): boolean {
  const isFaster = verdictOf(step) === 'faster';
  for (const { key, plain, best } of tuned) measured.set(key, isFaster ? best : plain);
  return isFaster;
}
