// The workbench's device: everything that is compiled, checked and timed.
import { measureRoofs } from '../../../src/bench/roofs.ts';
import { type Case, parseCase } from '../../../src/conformance/case.ts';
import type { Device } from '../../../src/gpu/device.ts';
import type { Modules } from '../../../src/gpu/kernel/compose.ts';
import { modules } from '../../../src/gpu/kernel/generated/modules.ts';
import type { Roofs } from '../../../src/report/roof.ts';
import { createBenches, type Launching } from '../../../src/workbench/benches.ts';
import { catalogue } from '../../../src/workbench/catalogue.ts';
import { createChecks } from '../../../src/workbench/checks.ts';
import type { Finding, JudgeOptions } from '../../../src/workbench/judge.ts';
import { createWorkbench, type Workbench } from '../../../src/workbench/workbench.ts';
import { serve } from '../shell/serve.ts';

/** What can be chosen: a kernel and what it is timed on. */
export interface Choice {
  readonly kernel: string;
  readonly bench?: string | undefined;
}

/** The same with what is to be judged. */
export interface Edited extends Choice {
  readonly edits: Modules;
  readonly constants: Readonly<Record<string, number>>;
}

/** With how many checks. */
export interface Judging extends Edited, Required<Pick<JudgeOptions, 'extent'>> {}

export interface Opened {
  readonly checks: number;
  /** What is timed; undefined where no benchmark launches the kernel here. */
  readonly bench: string | undefined;
  /** What the kernel's constants are there. */
  readonly constants: Readonly<Record<string, number>>;
}

/** A benchmark as a page lists it. */
export interface BenchInfo {
  readonly name: string;
  readonly tags: readonly string[];
  readonly mostly: boolean;
}

/** A verdict within a second of a key press leaves so many milliseconds to times. */
const JUDGING = { always: true, comparison: { rounds: 5, budget: 300, sample: 6 } };

/** Milliseconds without a key after a verdict: who does not type reads, and the checks that are left can be made. */
const READING = 1000;

function handlersOf(device: Device) {
  const checks = createChecks(device);
  const benches = createBenches(device);
  const golden = createGolden();
  let open: { readonly choice: Choice; readonly workbench: Promise<Workbench> } | undefined;
  let roofs: Promise<Roofs> | undefined;
  /** Ends the measurement of the roofs, which can wait. */
  let interruptRoofs = () => {};
  const measuredRoofs = (): Promise<Roofs> => {
    const control = new AbortController();
    interruptRoofs = () => control.abort();
    roofs ??= inTurn(() => measureRoofs(device, control.signal)).catch((error) => {
      roofs = undefined;
      throw error;
    });
    return roofs;
  };
  // One after the other: what runs at the same time would be part of what is timed.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(action: () => Promise<T>): Promise<T> => {
    const own = last.then(action);
    last = own.catch(() => {});
    return own;
  };
  const alone = async function* <T>(make: () => AsyncGenerator<T>): AsyncGenerator<T> {
    let done = () => {};
    const before = last;
    const turn = inTurn(
      () =>
        new Promise<void>((ended) => {
          done = ended;
        }),
    );
    await before;
    try {
      yield* make();
    } finally {
      done();
      await turn;
    }
  };
  const workbenchOf = (choice: Choice): Promise<Workbench> => {
    if (open?.choice.kernel === choice.kernel && open.choice.bench === choice.bench) return open.workbench;
    open?.workbench.then(
      (own) => own.destroy(),
      () => {},
    );
    const { kernel, bench } = choice;
    const make = async () =>
      createWorkbench(device, kernel, {
        ...{ modules, bench, checks, benches },
        golden: await golden(checks.opsOf(kernel)),
      });
    open = { choice, workbench: make() };
    return open.workbench;
  };
  return {
    catalogue: async () => ({ kernels: catalogue(), modules }),
    benches: async ({ kernel }: { kernel: string }): Promise<BenchInfo[]> => benches.of(kernel).map(infoOf),
    open: (choice: Choice): Promise<Opened> =>
      inTurn(async () => {
        const workbench = await workbenchOf(choice);
        await workbench.warmUp(JUDGING.comparison);
        const { checks, bench, constants } = workbench;
        return { checks, bench, constants };
      }),
    async *judge({ edits, constants, extent, ...choice }: Judging, signal: AbortSignal): AsyncGenerator<Finding> {
      interruptRoofs();
      yield* alone(async function* () {
        const workbench = await workbenchOf(choice);
        yield* workbench.judge({ ...modules, ...edits }, { ...JUDGING, extent, constants, signal, restAfter: READING });
      });
    },
    async *ablate({ edits, constants, path, ...choice }: Edited & { readonly path: string }, signal: AbortSignal) {
      yield* alone(async function* () {
        yield* (await workbenchOf(choice)).ablate({ ...modules, ...edits }, { path, constants, signal });
      });
    },
    async *search({ edits, constants, ...choice }: Edited, signal: AbortSignal) {
      const known = await measuredRoofs();
      yield* alone(async function* () {
        const options = { constants, roofs: known, signal };
        yield* (await workbenchOf(choice)).search({ ...modules, ...edits }, options);
      });
    },
    roofs: measuredRoofs,
  };
}

export type WorkbenchHandlers = ReturnType<typeof handlersOf>;

const infoOf = ({ bench, mostly }: Launching): BenchInfo => ({ name: bench.name, tags: bench.tags ?? [], mostly });

/** Golden cases of ops, which the site has beside its pages; those that cannot be had are left out. */
function createGolden() {
  const loaded = new Map<string, Promise<Case[]>>();
  const listing = fetch('golden/index.json').then((response): Promise<Record<string, string[]>> => response.json());
  const load = async (op: string): Promise<Case[]> => {
    const files = (await listing)[op] ?? [];
    return Promise.all(
      files.map(async (name) => parseCase(name, new Uint8Array(await (await fetch(`golden/${name}`)).arrayBuffer()))),
    );
  };
  return async (ops: readonly string[]): Promise<Case[]> => {
    const cases = ops.map((op) => {
      if (!loaded.has(op))
        loaded.set(
          op,
          load(op).catch(() => []),
        );
      return loaded.get(op) as Promise<Case[]>;
    });
    return (await Promise.all(cases)).flat();
  };
}

serve(handlersOf);
