// What the adapter page knows.
import { useEffect, useState } from 'preact/hooks';
import type { SelfTested } from '../../../src/conformance/self_test.ts';
import type { Diagnosis } from '../../../src/report/diagnosis.ts';
import type { PageDevice } from '../shell/device.ts';
import type { AdapterHandlers } from './worker.ts';

/** What the adapter is, and the ops that can be tested. */
export interface Diagnosed {
  readonly diagnosis: Diagnosis;
  readonly ops: readonly string[];
}

/** Known once the device is there; a lost one leaves it. */
export function useDiagnosed({ state, remote }: PageDevice<AdapterHandlers>): Diagnosed | undefined {
  const [diagnosed, setDiagnosed] = useState<Diagnosed>();
  const isReady = state.kind === 'ready';
  useEffect(() => {
    if (isReady) remote?.call('diagnose', undefined as never).then(setDiagnosed, () => {});
  }, [isReady, remote]);
  return diagnosed;
}

/** The report so far, made ahead, since a browser lets a page write to the clipboard only right after a click. */
export function useMarkdown(
  { remote }: PageDevice<AdapterHandlers>,
  diagnosis: Diagnosis | undefined,
  selfTest: readonly SelfTested[],
): string {
  const [markdown, setMarkdown] = useState('');
  useEffect(() => {
    if (diagnosis) remote?.call('markdown', { ...diagnosis, selfTest }).then(setMarkdown, () => {});
  }, [remote, diagnosis, selfTest]);
  return markdown;
}
