// What the suite page knows.
import { useEffect, useState } from 'preact/hooks';
import type { Report } from '../../../src/bench/report.ts';
import { type BenchEvent, resultsOf } from '../../../src/bench/run_bench.ts';
import type { PageDevice } from '../shell/device.ts';
import type { Choice, SuiteHandlers } from './worker.ts';

/** Names of the chosen cases, or why there are none. */
export interface Chosen {
  readonly cases: readonly string[];
  readonly mistake?: string;
}

export function useCases({ state, remote }: PageDevice<SuiteHandlers>, { pattern, all }: Choice): Chosen | undefined {
  const [chosen, setChosen] = useState<Chosen>();
  const isReady = state.kind === 'ready';
  useEffect(() => {
    let isOld = false;
    const say = (next: Chosen) => {
      if (!isOld) setChosen(next);
    };
    if (isReady)
      remote?.call('cases', { pattern, all }).then(
        (cases) => say({ cases }),
        (error: Error) => say({ cases: [], mistake: error.message }),
      );
    return () => {
      isOld = true;
    };
  }, [isReady, remote, pattern, all]);
  return chosen;
}

type Place = Pick<Report, 'adapter' | 'description' | 'runtime'>;

/** What was told so far as a report, once there is a row in it. */
export function useReport(
  { state, remote }: PageDevice<SuiteHandlers>,
  events: readonly BenchEvent[],
): Report | undefined {
  const [place, setPlace] = useState<Place>();
  const isReady = state.kind === 'ready';
  useEffect(() => {
    if (isReady) remote?.call('place', undefined as never).then(setPlace, () => {});
  }, [isReady, remote]);
  const [start] = events;
  if (!place || start?.kind !== 'start') return undefined;
  const report = { ...place, date: new Date().toISOString(), roofs: start.roofs, ...resultsOf(events) };
  return report.rows.length > 0 ? report : undefined;
}

/** Hands a file to the person. */
export function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
