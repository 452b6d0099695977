// The suite page's device: the bench's cases, timed.
import { selectCases } from '../../../src/bench/cases.ts';
import { notesFor } from '../../../src/bench/notes.ts';
import { markdown, type Report } from '../../../src/bench/report.ts';
import { type BenchEvent, type BenchOptions, measureCases } from '../../../src/bench/run_bench.ts';
import type { Candidates } from '../../../src/bench/variants.ts';
import type { Device } from '../../../src/gpu/device.ts';
import { setting } from '../shell/browser.ts';
import { serve } from '../shell/serve.ts';

/** Which cases are run. */
export interface Choice {
  /** Words that a case's name and tags have to have. */
  readonly pattern: string;
  readonly all: boolean;
}

/** As on the command line. */
const USUAL = { rounds: 7, limit: 3 };

const handlersOf = (device: Device) => ({
  /** What a report tells of where it was made. */
  place: async () => ({ adapter: device.target.name, description: device.description, runtime: setting() }),
  cases: async ({ pattern, all }: Choice): Promise<string[]> =>
    selectCases(pattern, { kind: device.target.kind, all }).map(({ name }) => name),
  run: (choice: Choice & { readonly candidates: Candidates }, signal: AbortSignal): AsyncGenerator<BenchEvent> => {
    const options: BenchOptions = { ...USUAL, ...choice };
    return measureCases(device, options, signal);
  },
  markdown: async (report: Report): Promise<string> => markdown(report, notesFor(report.adapter)),
});

export type SuiteHandlers = ReturnType<typeof handlersOf>;

serve(handlersOf);
