// The suite page's device: the bench's cases, timed.
import { notesFor } from '../../../src/bench/notes.ts';
import { markdown, type Report } from '../../../src/bench/report.ts';
import type { Device } from '../../../src/gpu/device.ts';
import { commit, setting } from '../shell/browser.ts';
import { serve } from '../shell/serve.ts';
import type { Choice } from './choice.ts';
import { casesOf, runSuite } from './run.ts';

const handlersOf = (device: Device) => ({
  /** What a report tells of where it was made. */
  place: async () => ({
    ...{ adapter: device.target.name, description: device.description, runtime: setting() },
    ...(commit && { commit }),
    features: [...device.target.features].sort(),
  }),
  cases: async (choice: Choice): Promise<string[]> => casesOf(device, choice),
  run: (choice: Choice, signal: AbortSignal) => runSuite(device, choice, signal),
  markdown: async (report: Report): Promise<string> => markdown(report, notesFor(report.adapter)),
});

export type SuiteHandlers = ReturnType<typeof handlersOf>;

serve(handlersOf);
