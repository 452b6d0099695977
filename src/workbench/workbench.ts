import type { Case } from '../conformance/case.ts';
import type { Device } from '../gpu/device.ts';
import { compose, type Modules } from '../gpu/kernel/compose.ts';
import * as kernels from '../gpu/kernel/generated/kernels.ts';
import type { Kernel } from '../gpu/kernel/kernel.ts';
import { type Ablation, type AblationOptions, ablate } from './ablation.ts';
import { type Benches, createBenches } from './benches.ts';
import { type Checks, createChecks, type KernelChecks, runChecks } from './checks.ts';
import { type Finding, type JudgeOptions, judge } from './judge.ts';
import { load } from './load.ts';
import { type SearchOptions, search, type Trial, tilesIn } from './search.ts';
import { createTimedCase, type TimedCase } from './timed_case.ts';

export interface Workbench {
  /** How many checks run the kernel: golden cases and gradient checks with every candidate that launches it. */
  readonly checks: number;
  /** What is timed. */
  readonly bench: string | undefined;
  /** The constants that the kernel is launched with there. */
  readonly constants: Readonly<Record<string, number>>;
  /** Judges edited modules against those that the workbench began with; see `judge`. */
  judge(modules: Modules, options?: JudgeOptions): AsyncGenerator<Finding>;
  /** Makes the checks that cover the kernel, so that what they need beside it is there when an edit is judged. */
  warmUp(): Promise<void>;
  /** Where the time of the functions of a module goes; see `ablate`. */
  ablate(modules: Modules, options: AblationOptions): AsyncGenerator<Ablation>;
  /** Looks for the kernel's constants that take least time; see `search`. Throws where nothing can be timed or tried. */
  search(modules: Modules, options: Pick<SearchOptions, 'roofs' | 'signal'> & JudgeOptions): AsyncGenerator<Trial>;
  /** Frees all memory. */
  destroy(): void;
}

export interface WorkbenchOptions {
  /** What the device has from then on, and what edits are compared with. */
  readonly modules: Modules;
  /** Checks besides those of gradients. */
  readonly golden?: readonly Case[];
  /** What to time: the name of a benchmark that launches the kernel, or a shape of one's own; a small one unless given. */
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
  const before = new Map(all.map((own) => [own, compose(own, modules)]));
  const cases = new Map<string, TimedCase | undefined>();
  const timed = async (own: string) => {
    if (!cases.has(own)) {
      load(device, modules);
      const launching = benches.find(own, own === name ? bench : undefined);
      cases.set(own, launching && (await createTimedCase(device, own, launching)));
    }
    return cases.get(own);
  };
  const checks = known.of(name, golden);
  const judged = {
    ...{ device, kernel, modules, before, timed },
    checksOf: (tiles: Parameters<Checks['of']>[2]): KernelChecks => (tiles ? known.of(name, golden, tiles) : checks),
  };
  const own = await timed(name);

  return {
    checks: checks.all.length,
    bench: own?.name,
    constants: own?.constants ?? kernel.constants,
    destroy() {
      for (const own of cases.values()) own?.destroy();
    },
    judge: (edited, options) => judge(judged, edited, options),
    async warmUp() {
      load(device, modules);
      for await (const { failures } of runChecks(checks.covering(new Set([name])))) if (failures.length > 0) return;
    },
    async *ablate(edited, options) {
      const launching = benches.find(name, bench);
      if (!launching) throw new Error(`No benchmark launches ${name} here.`);
      yield* ablate(device, name, launching, edited, options);
    },
    async *search(edited, { constants: given = {}, roofs, signal }) {
      if (!own) throw new Error(`No benchmark launches ${name} here.`);
      load(device, edited);
      const now = { ...own.constants, ...given };
      const tiles = tilesIn(compose(kernel, edited).text, now);
      if (tiles.length === 0) throw new Error(`${name} has no constant that says how much is taken at once.`);
      const constants = Object.fromEntries(tiles.map((tile) => [tile, now[tile] as number]));
      yield* search(own, { kernel: name, constants, roofs, signal });
    },
  };
}
