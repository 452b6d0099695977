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
import { createWorkbench, type Finding, type Workbench } from '../../../src/workbench/workbench.ts';
import { serve } from '../shell/serve.ts';

/** What can be chosen: a kernel and what it is timed on. */
export interface Choice {
  readonly kernel: string;
  readonly bench?: string | undefined;
}

export interface Opened {
  readonly checks: number;
  /** What is timed; undefined where no benchmark launches the kernel here. */
  readonly bench: string | undefined;
}

/** A benchmark as a page lists it. */
export interface BenchInfo {
  readonly name: string;
  readonly tags: readonly string[];
  readonly mostly: boolean;
}

/** A verdict within a second of a key press leaves so many milliseconds to checks and to times. */
const JUDGING = { always: true, soon: 150, comparison: { rounds: 2, budget: 300, sample: 8 } };

function handlersOf(device: Device) {
  const checks = createChecks(device);
  const benches = createBenches(device);
  const golden = createGolden();
  let open: { readonly choice: Choice; readonly workbench: Promise<Workbench> } | undefined;
  let roofs: Promise<Roofs> | undefined;
  // One after the other: what runs at the same time would be part of what is timed.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(action: () => Promise<T>): Promise<T> => {
    const own = last.then(action);
    last = own.catch(() => {});
    return own;
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
        const { checks, bench } = await workbenchOf(choice);
        return { checks, bench };
      }),
    async *judge(
      { edits, ...choice }: Choice & { readonly edits: Modules },
      signal: AbortSignal,
    ): AsyncGenerator<Finding> {
      let done = () => {};
      const turn = inTurn(() => new Promise<void>((ended) => (done = ended)));
      try {
        const workbench = await workbenchOf(choice);
        yield* workbench.judge({ ...modules, ...edits }, { ...JUDGING, signal });
      } finally {
        done();
        await turn;
      }
    },
    roofs: async (): Promise<Roofs> => {
      roofs ??= inTurn(() => measureRoofs(device));
      return roofs;
    },
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
