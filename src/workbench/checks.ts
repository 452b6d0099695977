import type { Case } from '../conformance/case.ts';
import { problemOps, type Undifferentiated, undifferentiatedCases } from '../conformance/gradcheck.ts';
import { checkVariant, variantsOf } from '../conformance/op_cases.ts';
import type { Device } from '../gpu/device.ts';
import type { Target, Tiles } from '../gpu/kernel/target.ts';
import { cover } from './cover.ts';
import { costsOf, type Recorded, showsOf } from './features.ts';

/** Something that runs a kernel and knows what has to come out; it gives a line for each thing that is wrong. */
export type Check = () => Promise<readonly string[]>;

/** What is known of one kernel on one adapter. */
export interface KernelChecks {
  /** Small ones before large ones. */
  readonly all: readonly Check[];
  /**
   * A few of them in which these kernels are launched in every way that they are in all of them: with each value of each constant,
   * on sizes that no tile divides, forwards and in gradients; see `features.ts`.
   */
  covering(kernels: ReadonlySet<string>): readonly Check[];
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
      const found = (tiles ? tiled().filter(launches) : plain).sort((a, b) => bytesOf(a) - bytesOf(b));
      const [family] = kernel.split('/');
      const passes = found.flatMap(({ kernels }) => [...kernels]).filter((name) => name.startsWith(`${family}/`));
      const all = found.map((own) => checkOf(device, own));
      return {
        all,
        passes: new Set([kernel, ...passes]),
        covering: (kernels) =>
          cover(
            found.map((own, index) => ({
              ...{ own: all[index] as Check, shows: showsOf(own, kernels), costs: costsOf(own, kernels) },
            })),
          ),
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
const AT_ONCE = 6;
/** A wrong kernel fails many checks in the same way. */
const MOST_FAILURES = 3;

/** How far checks have come. */
export interface Checking {
  readonly passed: number;
  readonly failures: readonly string[];
}

/** Runs checks, several at a time, and tells after each how far it is. None is begun once one has failed. */
export async function* runChecks(checks: readonly Check[], signal?: AbortSignal): AsyncGenerator<Checking> {
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
  while (true) {
    while (running < AT_ONCE && queue.length > 0 && now.failures.length === 0 && !signal?.aborted)
      begin(queue.shift() as Check).catch((error) => {
        failed = error;
        wake();
      });
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
