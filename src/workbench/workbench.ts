import { type Comparison, compareRuns } from '../bench/comparison.ts';
import type { RoundOptions, Run } from '../bench/timing.ts';
import type { Case } from '../conformance/case.ts';
import type { Device } from '../gpu/device.ts';
import { compose, type Modules } from '../gpu/kernel/compose.ts';
import * as kernels from '../gpu/kernel/generated/kernels.ts';
import type { Kernel } from '../gpu/kernel/kernel.ts';
import { checkText } from '../gpu/kernel/pipelines.ts';
import type { Tiles } from '../gpu/kernel/target.ts';
import type { Work } from '../report/roof.ts';
import { type Benches, createBenches, usualBench } from './benches.ts';
import { type Checks, createChecks, runChecks } from './checks.ts';
import { checkInterface } from './interface.ts';
import { createTimedCase, type EditedCase, type TimedCase } from './timed_case.ts';

/** What is found of edited modules, in the order in which it is known. */
export type Finding =
  /** The kernels whose text the edit changes, the watched one first; where that is not among them, they are only compiled. */
  | { readonly kind: 'changed'; readonly kernels: readonly string[] }
  /** Modules do not fit together, do not compile, or make another interface than the build knows. */
  | { readonly kind: 'broken'; readonly message: string }
  | { readonly kind: 'wrong'; readonly failures: readonly string[] }
  /** So many of all checks have passed. */
  | { readonly kind: 'right'; readonly checked: number; readonly of: number }
  | {
      readonly kind: 'timed';
      readonly kernel: string;
      readonly bench: string;
      /** Of the whole benchmark. */
      readonly work: Work;
      readonly comparison: Comparison;
    };

export interface Workbench {
  /** How many checks run the kernel: golden cases and gradient checks with every candidate that launches it. */
  readonly checks: number;
  /** What is timed. */
  readonly bench: string | undefined;
  /** The constants that the kernel is launched with there. */
  readonly constants: Readonly<Record<string, number>>;
  /**
   * Judges edited modules against those that the workbench began with. What is wrong is not timed. A few checks go before
   * the times, so that a verdict comes soon, and all others after them.
   */
  judge(modules: Modules, options?: JudgeOptions): AsyncGenerator<Finding>;
  /** Frees all memory. */
  destroy(): void;
}

export interface JudgeOptions {
  /** Milliseconds after which checks wait until times have been taken; 1000 unless given. */
  readonly soon?: number;
  readonly comparison?: RoundOptions;
  /** Checks and times the kernel where nothing has changed, too. */
  readonly always?: boolean;
  /** The kernel's constants in place of what its op would choose. */
  readonly constants?: Readonly<Record<string, number>> | undefined;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
}

const SOON = 1000;
/** Milliseconds that a comparison may take, and rounds that are enough. */
const COMPARISON = { budget: 800, rounds: 9 };

export interface WorkbenchOptions {
  /** What the device has from then on, and what edits are compared with. */
  readonly modules: Modules;
  /** Checks besides those of gradients. */
  readonly golden?: readonly Case[];
  /** What to time: the name of a benchmark that launches the kernel; a small one unless given. */
  readonly bench?: string | undefined;
  /** What was found of other kernels already. */
  readonly checks?: Checks;
  readonly benches?: Benches;
}

/** A place to edit a kernel. Throws where there is no such kernel, or no such benchmark of it. */
export async function createWorkbench(
  device: Device,
  name: string,
  {
    modules,
    golden = [],
    bench,
    checks: known = createChecks(device),
    benches = createBenches(device),
  }: WorkbenchOptions,
): Promise<Workbench> {
  const all = Object.values<Kernel>({ ...kernels });
  const kernel = all.find((own) => own.name === name);
  if (!kernel) throw new Error(`There is no kernel "${name}" in this build.`);
  load(device, modules);
  const before = new Map(all.map((own) => [own.name, compose(own, modules).text]));
  const { checks, passes } = known.of(name, golden);
  const timed = new Map<string, TimedCase | undefined>();
  const timedCase = async (own: string, wanted?: string) => {
    if (!timed.has(own)) {
      const list = benches.of(own);
      const launching = wanted === undefined ? usualBench(list) : list.find((other) => other.bench.name === wanted);
      if (wanted !== undefined && !launching) throw new Error(`No benchmark "${wanted}" launches ${own} here.`);
      timed.set(own, launching && (await createTimedCase(device, own, launching)));
    }
    return timed.get(own);
  };
  await timedCase(name, bench);

  return {
    checks: checks.length,
    bench: timed.get(name)?.name,
    constants: timed.get(name)?.constants ?? kernel.constants,
    destroy() {
      for (const own of timed.values()) own?.destroy();
    },
    async *judge(
      edited,
      { soon = SOON, comparison: options = COMPARISON, always = false, constants = {}, signal } = {},
    ) {
      const changed: Kernel[] = [];
      const tiles = Object.keys(constants).length > 0 ? { kernel: name, constants } : undefined;
      try {
        for (const own of [kernel, ...all.filter((other) => other !== kernel)])
          if ((tiles && own === kernel) || compose(own, edited).text !== before.get(own.name)) changed.push(own);
        yield { kind: 'changed', kernels: changed.map((own) => own.name) };
        checkInterface(kernel, edited);
        load(device, edited);
        for (const own of changed) await compileAlone(device, own);
      } catch (error) {
        yield { kind: 'broken', message: (error as Error).message };
        return;
      }
      if (always && changed.length === 0) changed.push(kernel);
      if (changed[0] !== kernel || signal?.aborted) return;

      const started: EditedCase[] = [];
      try {
        const begin = (own: TimedCase | undefined, tiles?: Tiles) => {
          const begun = own?.compileEdited(tiles);
          if (begun) started.push(begun);
          return begun;
        };
        // While the checks wait for the adapter, so that the verdict need not wait for the compiler.
        const first = begin(timed.get(name), tiles);
        const all = tiles ? known.of(name, golden, tiles).checks : checks;
        const queue = [...all];
        const until = performance.now() + soon;
        const failures = await runChecks(queue, () => performance.now() < until && !signal?.aborted);
        if (failures.length > 0) return yield { kind: 'wrong', failures };
        if (signal?.aborted) return;
        yield { kind: 'right', checked: all.length - queue.length, of: all.length };

        for (const { name: own } of changed.filter((other) => passes.has(other.name))) {
          if (!timed.has(own)) {
            load(device, modules);
            await timedCase(own);
            load(device, edited);
          }
          const found = timed.get(own);
          const edits = own === name ? first : begin(found);
          if (!found || !edits) continue;
          let runs: readonly Run[];
          try {
            runs = await edits.runs();
          } catch (error) {
            return yield { kind: 'wrong', failures: [(error as Error).message] };
          }
          const comparison = await compareRuns(found.runs, runs, { ...options, signal });
          if (signal?.aborted) return;
          yield { kind: 'timed', kernel: own, bench: found.name, work: found.work, comparison };
        }
        if (queue.length === 0) return;
        const later = await runChecks(queue, () => !signal?.aborted);
        if (later.length > 0) yield { kind: 'wrong', failures: later };
        else if (queue.length === 0) yield { kind: 'right', checked: all.length, of: all.length };
      } finally {
        for (const own of started) own.destroy();
      }
    },
  };
}

/** Makes the device compile these modules from now on. */
function load({ library }: Device, modules: Modules): void {
  for (const [path, text] of Object.entries(modules))
    if (!library.has(path)) library.addModule(path, text);
    else if (library.edited[path] !== text) library.replaceModule(path, text);
}

/** Throws what the compiler has against a kernel, where the adapter has what it needs. */
async function compileAlone({ gpu, library, target, wait }: Device, kernel: Kernel): Promise<void> {
  if (kernel.features.some((feature) => !target.features.has(feature))) return;
  const error = await wait(checkText(gpu, kernel.name, library.textOf(kernel)));
  if (error) throw error;
}
