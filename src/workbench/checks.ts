import type { Case } from '../conformance/case.ts';
import { problemOps, type Undifferentiated, undifferentiatedCases } from '../conformance/gradcheck.ts';
import { checkVariant, variantsOf } from '../conformance/op_cases.ts';
import type { Device } from '../gpu/device.ts';
import type { Target, Tiles } from '../gpu/kernel/target.ts';
import { createCovering, type Known } from './covering.ts';
import type { Check, Constants, Recorded } from './features.ts';

/** What is known of one kernel on one adapter. */
export interface KernelChecks {
  /** Small ones before large ones. */
  readonly all: readonly Check[];
  /** A few that cover these kernels, and the watched one in the tile with which it is timed, see `createCovering`. */
  covering(kernels: ReadonlySet<string>, timed: Constants | undefined): readonly Check[];
  /** Leaves out of those that cover what fails although nothing was edited: tiles do not fit all cases. */
  leaveOut(check: Check): void;
  /** The kernels of its family that are launched with it, itself among them. */
  readonly passes: ReadonlySet<string>;
}

/** Finds the checks of kernels; what it has recorded once serves all kernels. */
export interface Checks {
  /** The ops whose problems launch a kernel, whose golden cases are worth having. */
  opsOf(kernel: string): string[];
  /** Gradient checks of a kernel with every candidate that launches it, and those among the golden cases given. */
  of(kernel: string, golden: readonly Case[], tiles?: Tiles): KernelChecks;
}

export function createChecks(device: Device): Checks {
  let recorded: readonly Recorded[] | undefined;
  const problems = (target: Target) => {
    recorded ??= problemOps.flatMap((op) => undifferentiatedCases(op).flatMap((own) => record(target, own)));
    return recorded;
  };
  return {
    opsOf: (kernel) => [
      ...new Set(
        problems(device.target)
          .filter(({ kernels }) => kernels.has(kernel))
          .map(({ own }) => own.golden.op),
      ),
    ],
    of(kernel, golden, tiles) {
      const given = golden.flatMap((own) => record(device.target, { golden: own, differentiate: () => own }));
      const launches = ({ kernels }: Recorded) => kernels.has(kernel);
      const plain = [...given, ...problems(device.target)].filter(launches);
      const tiled = () =>
        [...new Set(plain.map(({ own }) => own))].flatMap((own) => record({ ...device.target, tiles: tiles! }, own));
      const known = (own: Recorded): Known => ({ ...own, check: checkOf(device, own) });
      const found = (tiles ? tiled().filter(launches) : plain).sort((a, b) => bytesOf(a) - bytesOf(b)).map(known);
      const covering = createCovering(device.target, kernel, found, (target, own) => record(target, own).map(known));
      const [family] = kernel.split('/');
      const passes = found.flatMap(({ kernels }) => [...kernels]).filter((name) => name.startsWith(`${family}/`));
      const without = new Set<Check>();
      return {
        all: found.map(({ check }) => check),
        passes: new Set([kernel, ...passes]),
        covering: (kernels, timed) => covering(kernels, timed, without),
        leaveOut: (check) => without.add(check),
      };
    },
  };
}

const record = (target: Target, own: Undifferentiated): Recorded[] =>
  variantsOf(target, own.golden).map((variant) => ({
    own,
    variant,
    kernels: new Set(variant.recorded.tape.dispatches.map(({ kernel }) => kernel.name)),
  }));

const bytesOf = ({ variant }: Recorded): number =>
  variant.recorded.tape.dispatches.reduce((sum, { bytes }) => sum + bytes, 0);

/** Gradients of the reference take long, so that they wait for the first time that they are needed. */
function checkOf(device: Device, { own, variant }: Recorded): Check {
  let whole: Case | undefined;
  return async () => {
    whole ??= own.differentiate();
    const { failures } = await checkVariant(device, whole, variant);
    return failures.map((failure) => `${whole?.name} (${variant.name}): ${failure}`);
  };
}

/** Compiling takes longest, and drivers do it on other threads. */
const AT_ONCE = 12;
/** A wrong kernel fails many checks in the same way. */
const MOST_FAILURES = 3;

/** How far checks have come. */
export interface Checking {
  readonly passed: number;
  readonly failures: readonly string[];
}

export interface CheckOptions {
  readonly signal?: AbortSignal | undefined;
  /** How many run at the same time; twelve unless given. */
  readonly atOnce?: number;
  /** Hears that the first ones have begun. */
  begun?(): void;
}

/** Runs checks, several at a time, and tells after each how far it is. None is begun once one has failed. */
export async function* runChecks(
  checks: readonly Check[],
  { signal, atOnce = AT_ONCE, begun = () => {} }: CheckOptions = {},
): AsyncGenerator<Checking> {
  const queue = [...checks];
  const ended: (readonly string[])[] = [];
  let running = 0;
  let wake = () => {};
  const begin = async (check: Check) => {
    running += 1;
    ended.push(await check());
    running -= 1;
    wake();
  };
  let failed: unknown;
  let now: Checking = { passed: 0, failures: [] };
  let isBegun = false;
  while (true) {
    while (running < atOnce && queue.length > 0 && now.failures.length === 0 && !signal?.aborted)
      begin(queue.shift() as Check).catch((error) => {
        failed = error;
        wake();
      });
    if (!isBegun) begun();
    isBegun = true;
    if (failed !== undefined) throw failed;
    const failures = ended.shift();
    if (failures) {
      const all = [...now.failures, ...failures].slice(0, MOST_FAILURES);
      now = { passed: now.passed + Number(failures.length === 0), failures: all };
      yield now;
    } else if (running === 0) return;
    else
      await new Promise<void>((woken) => {
        wake = woken;
      });
  }
}
