import type { Case } from '../conformance/case.ts';
import type { Variant } from '../conformance/evaluate.ts';
import { problemOps, type Undifferentiated, undifferentiatedCases } from '../conformance/gradcheck.ts';
import { checkVariant, variantsOf } from '../conformance/op_cases.ts';
import type { Device } from '../gpu/device.ts';
import type { Target, Tiles } from '../gpu/kernel/target.ts';

/** Something that runs a kernel and knows what has to come out; it gives a line for each thing that is wrong. */
export type Check = () => Promise<readonly string[]>;

/** What is known of one kernel on one adapter. */
export interface KernelChecks {
  /** Those with other constants first, small ones before large ones. */
  readonly checks: readonly Check[];
  /** The kernels of its family that are launched with it, itself among them. */
  readonly passes: ReadonlySet<string>;
}

/** A case with a way to run it. */
interface Recorded {
  readonly own: Undifferentiated;
  readonly variant: Variant;
  readonly kernels: ReadonlySet<string>;
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
      const found = tiles ? tiled().filter(launches) : plain;
      const [family] = kernel.split('/');
      const passes = found.flatMap(({ kernels }) => [...kernels]).filter((name) => name.startsWith(`${family}/`));
      return {
        checks: inOrder(kernel, found).map((own) => checkOf(device, own)),
        passes: new Set([kernel, ...passes]),
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

function inOrder(kernel: string, found: readonly Recorded[]): Recorded[] {
  const sized = found.map((own) => {
    const { dispatches } = own.variant.recorded.tape;
    const constants = dispatches.filter((dispatch) => dispatch.kernel.name === kernel).map((own) => own.constants);
    return {
      own,
      constants: JSON.stringify(constants),
      bytes: dispatches.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  });
  sized.sort((a, b) => a.bytes - b.bytes);
  const seen = new Set<string>();
  const isNew = ({ constants }: { constants: string }) => !seen.has(constants) && seen.add(constants);
  const first = sized.filter(isNew);
  return [...first, ...sized.filter((own) => !first.includes(own))].map(({ own }) => own);
}

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
const AT_ONCE = 3;
/** A wrong kernel fails many checks in the same way. */
const MOST_FAILURES = 3;

/** Takes checks from the queue while `goOn` says so, and at least one. Ends early once a few have failed. */
export async function runChecks(queue: Check[], goOn: () => boolean): Promise<string[]> {
  const failures: string[] = [];
  const worker = async () => {
    do {
      const check = queue.shift();
      if (!check) return;
      failures.push(...(await check()));
    } while (goOn() && failures.length < MOST_FAILURES);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failures.slice(0, MOST_FAILURES);
}
