import { type Comparison, compareRuns } from '../bench/comparison.ts';
import type { RoundOptions, Run } from '../bench/timing.ts';
import type { Device } from '../gpu/device.ts';
import { causeOf } from '../gpu/kernel/compile_error.ts';
import { type Composed, compose, type Modules } from '../gpu/kernel/compose.ts';
import type { Kernel } from '../gpu/kernel/kernel.ts';
import { checkText } from '../gpu/kernel/pipelines.ts';
import type { Tiles } from '../gpu/kernel/target.ts';
import type { Work } from '../report/roof.ts';
import { type KernelChecks, runChecks } from './checks.ts';
import { checkInterface } from './interface.ts';
import { load } from './load.ts';
import type { EditedCase, TimedCase } from './timed_case.ts';

/** What is found of edited modules, in the order in which it is known. */
export type Finding =
  /** The kernels whose text the edit changes, the watched one first; where that is not among them, they are only compiled. */
  | { readonly kind: 'changed'; readonly kernels: readonly string[] }
  /** Modules do not fit together, do not compile, or make another interface than the build knows; all that is known of it. */
  | { readonly kind: 'broken'; readonly message: string }
  | { readonly kind: 'wrong'; readonly failures: readonly string[] }
  /** So many of the checks to be made have passed; there are `of` in all. */
  | { readonly kind: 'checking'; readonly passed: number; readonly wanted: number; readonly of: number }
  /** All checks to be made before a time is told have passed, or, after that, all that there are. */
  | { readonly kind: 'right'; readonly checked: number; readonly of: number }
  | {
      readonly kind: 'timed';
      readonly kernel: string;
      readonly bench: string;
      /** Of the whole benchmark. */
      readonly work: Work;
      readonly comparison: Comparison;
    };

export interface JudgeOptions {
  /** All checks that launch the kernel, or a few that cover its switches and edges, see `KernelChecks.covering`; all unless given. */
  readonly extent?: 'all' | 'covering';
  /** Milliseconds after the verdict on a few checks until all others are made, one at a time; they are not unless given. */
  readonly restAfter?: number | undefined;
  readonly comparison?: RoundOptions;
  /** Checks and times the kernel where nothing has changed, too. */
  readonly always?: boolean;
  /** The kernel's constants in place of what its op would choose. */
  readonly constants?: Readonly<Record<string, number>> | undefined;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
}

/** What an edit of a kernel is judged against. */
export interface Judged {
  readonly device: Device;
  readonly kernel: Kernel;
  /** The modules before any edit, and all kernels as they were made of these. */
  readonly modules: Modules;
  readonly before: ReadonlyMap<Kernel, Composed>;
  checksOf(tiles: Tiles | undefined): KernelChecks;
  /** A benchmark of a kernel with the modules before any edit, which the device may have then; undefined where none launches it. */
  timed(kernel: string): Promise<TimedCase | undefined>;
}

/** Milliseconds that a comparison may take, and rounds that are enough. */
const COMPARISON = { budget: 800, rounds: 9 };

/**
 * Judges edited modules. No time is told before all checks to be made have passed; where these were a few, the others can follow:
 * one that fails then voids what was told.
 */
export async function* judge(judged: Judged, edited: Modules, options: JudgeOptions = {}): AsyncGenerator<Finding> {
  const { device, kernel } = judged;
  const { extent = 'all', restAfter, comparison = COMPARISON, always = false, constants = {}, signal } = options;
  const tiles = Object.keys(constants).length > 0 ? { kernel: kernel.name, constants } : undefined;
  let changed: Kernel[];
  try {
    changed = changedBy(judged, edited, tiles !== undefined);
    yield { kind: 'changed', kernels: changed.map(({ name }) => name) };
    checkInterface(kernel, edited);
    load(device, edited);
  } catch (error) {
    yield { kind: 'broken', message: (error as Error).message };
    return;
  }
  const isFirst = changed[0] === kernel;
  // All others are looked at meanwhile, where this one is right so far.
  const message = await mistakesIn(device, isFirst ? [kernel] : changed);
  const others = mistakesIn(device, isFirst ? changed.slice(1) : []);
  const all = message && isFirst ? joined([message, await others]) : message;
  if (all) yield { kind: 'broken', message: all };
  if (always && changed.length === 0) changed.push(kernel);
  if (all || changed[0] !== kernel || signal?.aborted) return;

  const started: EditedCase[] = [];
  const begin = (own: TimedCase | undefined, tiles?: Tiles) => {
    const begun = own?.compileEdited(tiles);
    if (begun) started.push(begun);
    return begun;
  };
  try {
    const { all, covering, passes } = judged.checksOf(tiles);
    const together = changed.filter(({ name }) => passes.has(name));
    const timed = await judged.timed(kernel.name);
    load(device, edited);
    const names = new Set(together.map(({ name }) => name));
    const checks = extent === 'all' ? all : covering(names, tiles ? undefined : timed?.constants);
    let first: EditedCase | undefined;
    // The compiler makes what is to be timed behind what is to be checked, while that is run.
    const begun = () => {
      first = begin(timed, tiles);
    };
    for await (const { passed, failures } of runChecks(checks, { signal, begun })) {
      if (failures.length > 0 && signal?.aborted !== true) yield { kind: 'wrong', failures };
      if (failures.length > 0) return;
      yield { kind: 'checking', passed, wanted: checks.length, of: all.length };
    }
    const elsewhere = await others;
    if (elsewhere) yield { kind: 'broken', message: elsewhere };
    if (elsewhere || signal?.aborted) return;
    yield { kind: 'right', checked: checks.length, of: all.length };

    for (const { name } of together) {
      const isFirst = name === kernel.name;
      const found = await judged.timed(name);
      load(device, edited);
      const edits = isFirst ? (first ?? begin(found, tiles)) : begin(found);
      if (!found || !edits) continue;
      let runs: readonly Run[];
      try {
        runs = await edits.runs();
      } catch (error) {
        yield { kind: 'wrong', failures: [(error as Error).message] };
        return;
      }
      const compared = await compareRuns(found.runs, runs, { ...comparison, signal });
      if (signal?.aborted) return;
      yield { kind: 'timed', kernel: name, bench: found.name, work: found.work, comparison: compared };
    }

    const rest = all.filter((check) => !checks.includes(check));
    // Constants of one's own do not fit all cases.
    if (restAfter === undefined || tiles || rest.length === 0) return;
    await quiet(restAfter, signal);
    for await (const { passed, failures } of runChecks(rest, { signal, atOnce: 1 })) {
      if (failures.length > 0 && signal?.aborted !== true) yield { kind: 'wrong', failures };
      if (failures.length > 0 || signal?.aborted) return;
      const checked = all.length - rest.length + passed;
      yield { kind: 'checking', passed: checked, wanted: all.length, of: all.length };
    }
  } finally {
    for (const own of started) own.destroy();
  }
}

/** Waits so long, or until the signal. */
const quiet = (milliseconds: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    if (signal?.aborted) end();
    signal?.addEventListener('abort', end, { once: true });
  });

/** The kernels whose text is another one, the watched one first: also where its constants are. Throws where modules do not fit together. */
function changedBy({ kernel, modules, before }: Judged, edited: Modules, otherConstants: boolean): Kernel[] {
  const isSame = (path: string) => edited[path] === modules[path];
  const changed = [...before].flatMap(([own, was]) => {
    if (own === kernel && otherConstants) return [own];
    return was.modules.every(isSame) || compose(own, edited).text === was.text ? [] : [own];
  });
  return changed.sort((a, b) => Number(b === kernel) - Number(a === kernel));
}

/** What the compiler has against kernels, where the adapter has what they need; each mistake once, though several kernels share it. */
async function mistakesIn({ gpu, library, target, wait }: Device, kernels: readonly Kernel[]): Promise<string> {
  const able = kernels.filter(({ features }) => features.every((feature) => target.features.has(feature)));
  const errors = await wait(Promise.all(able.map((own) => checkText(gpu, own.name, library.textOf(own)))));
  return joined(errors.map((error) => error?.message ?? ''));
}

/** All messages of several texts, each once. */
function joined(texts: readonly string[]): string {
  const messages = texts.flatMap((text) => text.split(/\n(?=kernels\/)/)).filter(Boolean);
  return [...new Map(messages.reverse().map((message) => [causeOf(message), message])).values()].reverse().join('\n');
}
