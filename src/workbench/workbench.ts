import { type Comparison, compareRuns } from '../bench/comparison.ts';
import type { Run } from '../bench/timing.ts';
import type { Case } from '../conformance/case.ts';
import { gradcheckCases } from '../conformance/gradcheck.ts';
import { checkVariant, variantsOf } from '../conformance/runner.ts';
import type { Device } from '../gpu/device.ts';
import { compose, type Modules, type Recipe, recipesOf } from '../gpu/kernel/compose.ts';
import * as kernels from '../gpu/kernel/generated/kernels.ts';
import type { Kernel } from '../gpu/kernel/kernel.ts';
import { checkText } from '../gpu/kernel/pipelines.ts';
import { reflectKernel } from '../gpu/kernel/reflect.ts';
import type { Tape } from '../tape/tape.ts';
import { type TimedCase, timedCase } from './timed_case.ts';

/** What is found of edited modules, in the order in which it is known. */
export type Finding =
  /** The kernels whose text the edit changes, the watched one first; where that is not among them, they are only compiled. */
  | { readonly kind: 'changed'; readonly kernels: readonly string[] }
  /** Modules do not fit together, do not compile, or make another interface than the build knows. */
  | { readonly kind: 'broken'; readonly message: string }
  | { readonly kind: 'wrong'; readonly failures: readonly string[] }
  /** So many of all checks have passed. */
  | { readonly kind: 'right'; readonly checked: number; readonly of: number }
  | { readonly kind: 'timed'; readonly kernel: string; readonly bench: string; readonly comparison: Comparison };

export interface Workbench {
  /** How many checks run the kernel: golden cases and gradient checks with every candidate that launches it. */
  readonly checks: number;
  /** What is timed. */
  readonly bench: string | undefined;
  /**
   * Judges edited modules against those that the workbench began with. What is wrong is not timed. A few checks go before
   * the times, so that a verdict comes soon, and all others after them.
   */
  judge(modules: Modules): AsyncGenerator<Finding>;
}

/** Milliseconds after which checks wait until times have been taken. */
const SOON = 1000;
/** Milliseconds that a comparison may take, and rounds that are enough. */
const COMPARISON = { budget: 800, rounds: 9 };
/** Compiling takes longest, and drivers do it on other threads. */
const AT_ONCE = 3;
/** A wrong kernel fails many checks in the same way. */
const MOST_FAILURES = 3;

type Check = () => Promise<readonly string[]>;

/**
 * A place to edit a kernel: with `modules`, which the device has from then on, it is what edits are compared with. `golden`
 * are checks besides those of gradients. Throws where there is no such kernel.
 */
export async function createWorkbench(
  device: Device,
  name: string,
  modules: Modules,
  golden: readonly Case[] = [],
): Promise<Workbench> {
  const all = Object.values<Kernel>({ ...kernels });
  const kernel = all.find((known) => known.name === name);
  if (!kernel) throw new Error(`There is no kernel "${name}" in this build.`);
  load(device, modules);
  const before = new Map(all.map((known) => [known.name, compose(known, modules).text]));
  const passes = new Set([name]);
  const checks = checksOf(device, name, golden, passes);
  const timed = new Map<string, TimedCase | undefined>([[name, await timedCase(device, name)]]);

  return {
    checks: checks.length,
    bench: timed.get(name)?.name,
    async *judge(edited) {
      const changed: Kernel[] = [];
      try {
        for (const own of [kernel, ...all.filter((other) => other !== kernel)])
          if (compose(own, edited).text !== before.get(own.name)) changed.push(own);
        yield { kind: 'changed', kernels: changed.map((own) => own.name) };
        checkInterface(kernel, edited);
        load(device, edited);
        for (const own of changed) await compileAlone(device, own);
      } catch (error) {
        yield { kind: 'broken', message: (error as Error).message };
        return;
      }
      if (changed[0] !== kernel) return;

      const queue = [...checks];
      const soon = performance.now() + SOON;
      const failures = await runAll(queue, () => performance.now() < soon);
      if (failures.length > 0) return yield { kind: 'wrong', failures };
      yield { kind: 'right', checked: checks.length - queue.length, of: checks.length };

      for (const { name: own } of changed.filter((other) => passes.has(other.name))) {
        if (!timed.has(own)) {
          load(device, modules);
          timed.set(own, await timedCase(device, own));
          load(device, edited);
        }
        const found = timed.get(own);
        if (!found) continue;
        let edits: readonly Run[];
        try {
          edits = await found.compileEdited();
        } catch (error) {
          return yield { kind: 'wrong', failures: [(error as Error).message] };
        }
        const comparison = await compareRuns(found.runs, edits, COMPARISON);
        yield { kind: 'timed', kernel: own, bench: found.name, comparison };
      }
      if (queue.length === 0) return;
      const later = await runAll(queue, () => true);
      if (later.length > 0) yield { kind: 'wrong', failures: later };
      else yield { kind: 'right', checked: checks.length, of: checks.length };
    },
  };
}

/** Makes the device compile these modules from now on. */
function load({ library }: Device, modules: Modules): void {
  for (const [path, text] of Object.entries(modules))
    if (!library.has(path)) library.addModule(path, text);
    else if (library.edited[path] !== text) library.replaceModule(path, text);
}

/**
 * Checks that launch the kernel: those with other constants first, small ones before large ones. The passes that are launched
 * with it are added to `passes`.
 */
function checksOf(device: Device, name: string, golden: readonly Case[], passes: Set<string>): Check[] {
  const [family] = name.split('/');
  const launches = ({ dispatches }: Tape) => dispatches.some((dispatch) => dispatch.kernel.name === name);
  const uses = (own: Case) => variantsOf(device.target, own).some(({ recorded }) => launches(recorded.tape));
  const found = [...golden.filter(uses), ...gradcheckCases(undefined, uses)].flatMap((own) =>
    variantsOf(device.target, own)
      .filter(({ recorded }) => launches(recorded.tape))
      .map((variant) => {
        const { dispatches } = variant.recorded.tape;
        for (const { kernel } of dispatches) if (kernel.name.startsWith(`${family}/`)) passes.add(kernel.name);
        const constants = dispatches.filter(({ kernel }) => kernel.name === name).map((own) => own.constants);
        const check: Check = async () => {
          const { failures } = await checkVariant(device, own, variant);
          return failures.map((failure) => `${own.name} (${variant.name}): ${failure}`);
        };
        return {
          check,
          constants: JSON.stringify(constants),
          bytes: dispatches.reduce((sum, { bytes }) => sum + bytes, 0),
        };
      }),
  );
  found.sort((a, b) => a.bytes - b.bytes);
  const seen = new Set<string>();
  const isNew = ({ constants }: { constants: string }) => !seen.has(constants) && seen.add(constants);
  const first = found.filter(isNew);
  return [...first, ...found.filter((own) => !first.includes(own))].map(({ check }) => check);
}

/** Takes checks from the queue while `goOn` says so, and at least one. Ends early once a few have failed. */
async function runAll(queue: Check[], goOn: () => boolean): Promise<string[]> {
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

/** Programs are recorded with the build's description of a kernel, so an edit may change what is inside of it, but not that. */
function checkInterface(kernel: Kernel, modules: Modules): void {
  const recipe = recipesOf(kernel.path, modules[kernel.path] ?? '').find(({ name }) => name === kernel.name);
  if (!recipe) throw new Error(`kernels/${kernel.path} no longer makes ${kernel.name}: build, and start again.`);
  const { bindings, uniforms, constants, features } = reflectKernel(compose(recipe, modules));
  const interfaceOf = ({ flags, values }: Recipe) => ({ flags, values });
  const pairs: [what: string, now: unknown, built: unknown][] = [
    ['its @kernel line', interfaceOf(recipe), interfaceOf(kernel)],
    ['its bindings', bindings, kernel.bindings],
    ['its uniforms', uniforms, kernel.uniforms],
    ['its features', features, kernel.features],
    // A constant that is new has its value from the text.
    [
      'its @tune constants',
      Object.keys(kernel.constants).filter((name) => name in constants),
      Object.keys(kernel.constants),
    ],
  ];
  const other = pairs.find(([, now, built]) => JSON.stringify(now) !== JSON.stringify(built));
  if (other)
    throw new Error(`${kernel.name} has changed ${other[0]}, which this build does not know: build, and start again.`);
}

/** Throws what the compiler has against a kernel, where the adapter has what it needs. */
async function compileAlone({ gpu, library, target, wait }: Device, kernel: Kernel): Promise<void> {
  if (kernel.features.some((feature) => !target.features.has(feature))) return;
  const error = await wait(checkText(gpu, kernel.name, library.textOf(kernel)));
  if (error) throw error;
}
