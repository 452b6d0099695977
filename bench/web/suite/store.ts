// What the suite page knows.
import { useEffect, useState } from 'preact/hooks';
import type { Report } from '../../../src/bench/report.ts';
import { type BenchEvent, resultsOf } from '../../../src/bench/run_bench.ts';
import type { PageDevice } from '../shell/device.ts';
import { type Choice, decodeChoice, encodeChoice } from './choice.ts';
import type { SuiteEvent } from './run.ts';
import type { SuiteHandlers } from './worker.ts';

/** What is chosen, which the page's address holds. */
export function useChoice(): [Choice, (change: Partial<Choice>) => void] {
  const [choice, setChoice] = useState(() => decodeChoice(location.hash.slice(1)));
  useEffect(() => {
    const follow = () => setChoice(decodeChoice(location.hash.slice(1)));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const change = (changed: Partial<Choice>) => {
    const next = { ...choice, ...changed };
    setChoice(next);
    history.replaceState(null, '', `#${encodeChoice(next)}`);
  };
  return [choice, change];
}

/** Names of the chosen cases, or why there are none. */
export interface Chosen {
  readonly cases: readonly string[];
  readonly mistake?: string;
}

export function useCases({ state, remote }: PageDevice<SuiteHandlers>, choice: Choice): Chosen | undefined {
  const [chosen, setChosen] = useState<Chosen>();
  const isReady = state.kind === 'ready';
  useEffect(() => {
    let isOld = false;
    const say = (next: Chosen) => {
      if (!isOld) setChosen(next);
    };
    if (isReady)
      remote?.call('cases', choice).then(
        (cases) => say({ cases }),
        (error: Error) => say({ cases: [], mistake: error.message }),
      );
    return () => {
      isOld = true;
    };
  }, [isReady, remote, encodeChoice(choice)]);
  return chosen;
}

type Place = Pick<Report, 'adapter' | 'description' | 'runtime' | 'commit' | 'features'>;

/** What was told so far as a report, once there is a result in it. */
export function useReport(
  { state, remote }: PageDevice<SuiteHandlers>,
  events: readonly SuiteEvent[],
  flags: string,
): Report | undefined {
  const [place, setPlace] = useState<Place>();
  const isReady = state.kind === 'ready';
  useEffect(() => {
    if (isReady) remote?.call('place', undefined as never).then(setPlace, () => {});
  }, [isReady, remote]);
  const [start] = events;
  if (!place || start?.kind !== 'start') return undefined;
  const sideBySide = events.flatMap((event) => ('sideBySide' in event ? (event.sideBySide ?? []) : []));
  const report = {
    ...{ ...place, date: new Date().toISOString() },
    ...(flags && { flags }),
    ...{ roofs: start.roofs, ...benchResults(events) },
    ...(sideBySide.length > 0 && { sideBySide }),
  };
  return report.rows.length + sideBySide.length > 0 ? report : undefined;
}

/** The kernels' rows, and what could not be run. */
export const benchResults = (events: readonly SuiteEvent[]) =>
  resultsOf(events.filter((event): event is BenchEvent => event.kind !== 'trained'));

/** Hands a file to the person. */
export function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
