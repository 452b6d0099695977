// What the workbench shows and what a person does with it.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Modules } from '../../../src/gpu/kernel/compose.ts';
import type { Roofs } from '../../../src/report/roof.ts';
import type { KernelInfo } from '../../../src/workbench/catalogue.ts';
import type { Finding } from '../../../src/workbench/judge.ts';
import { decodeState, encodeState, type State } from '../../../src/workbench/state.ts';
import type { PageDevice } from '../shell/device.ts';
import type { Judging as Asked, BenchInfo, Choice, Opened, WorkbenchHandlers } from './worker.ts';

/** It runs on any adapter. */
const FIRST: State = { kernel: 'matmul/register' };

/** The state that the address holds, which follows what is shown. */
export function useAddress() {
  const [state, setState] = useState<State>();
  const [mistake, setMistake] = useState<string>();
  const own = useRef('');
  useEffect(() => {
    const read = async () => {
      const text = location.hash.slice(1);
      if (text === own.current && text !== '') return;
      try {
        setState(text ? await decodeState(text) : FIRST);
        setMistake(undefined);
      } catch (error) {
        setState((before) => before ?? FIRST);
        setMistake((error as Error).message);
      }
    };
    read();
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, []);
  const change = (next: State) => {
    setState(next);
    setMistake(undefined);
    encodeState(next).then((text) => {
      own.current = text;
      window.history.replaceState(null, '', `#${text}`);
    });
  };
  return { state, mistake, change };
}

/** What there is to choose from, once the device is there. */
export interface Catalogue {
  readonly kernels: readonly KernelInfo[];
  readonly modules: Modules;
}

export function useCatalogue({ state, remote }: PageDevice<WorkbenchHandlers>): Catalogue | undefined {
  const [catalogue, setCatalogue] = useState<Catalogue>();
  const isReady = state.kind === 'ready';
  useEffect(() => {
    if (isReady) remote?.call('catalogue', undefined as never).then(setCatalogue, () => {});
  }, [isReady, remote]);
  return catalogue;
}

/** What is known of the kernel that is open. */
export interface OpenKernel {
  readonly opened?: Opened | undefined;
  readonly benches: readonly BenchInfo[];
  readonly mistake?: string | undefined;
}

/** Prepares a kernel, so that the first run need not wait for what stays the same. */
export function useOpenKernel(device: PageDevice<WorkbenchHandlers>, { kernel, bench }: Choice): OpenKernel {
  const [known, setKnown] = useState<OpenKernel & { readonly kernel: string }>({ kernel, benches: [] });
  const { remote } = device;
  const isReady = device.state.kind === 'ready';
  useEffect(() => {
    if (!isReady || !remote || !kernel) return;
    let isCurrent = true;
    const learn = (change: Partial<OpenKernel>) => {
      if (isCurrent)
        setKnown((before) => ({ ...(before.kernel === kernel ? before : { benches: [] }), ...change, kernel }));
    };
    learn({ opened: undefined, mistake: undefined });
    const fail = (error: Error) => learn({ mistake: error.message });
    remote.call('benches', { kernel }).then((benches) => learn({ benches }), fail);
    remote.call('open', { kernel, bench }).then((opened) => learn({ opened }), fail);
    return () => {
      isCurrent = false;
    };
  }, [isReady, remote, kernel, bench]);
  return known;
}

/** A run of the judge: what it has found so far. */
export interface Judging {
  readonly findings: readonly Finding[];
  readonly running: boolean;
  /** Milliseconds from the start to the first verdict. */
  readonly verdictAfter?: number | undefined;
  readonly mistake?: string | undefined;
}

const NOTHING: Judging = { findings: [], running: false };

/** Runs one judge at a time: a new run ends the one before. */
export function useJudge({ remote }: PageDevice<WorkbenchHandlers>) {
  const [judging, setJudging] = useState<Judging>(NOTHING);
  const control = useRef<AbortController | undefined>(undefined);
  const stop = () => {
    control.current?.abort();
    control.current = undefined;
    setJudging(NOTHING);
  };
  const run = async (edited: Asked, since = performance.now()) => {
    control.current?.abort();
    const own = new AbortController();
    control.current = own;
    const say = (next: Judging) => {
      if (control.current === own) setJudging(next);
    };
    let now: Judging = { findings: [], running: true };
    say(now);
    try {
      for await (const finding of remote?.stream('judge', edited, own.signal) ?? []) {
        const first = finding.kind === 'timed' && now.verdictAfter === undefined;
        now = {
          ...now,
          findings: [...now.findings, finding],
          ...(first && { verdictAfter: performance.now() - since }),
        };
        say(now);
      }
    } catch (error) {
      now = { ...now, mistake: (error as Error).message };
    }
    say({ ...now, running: false });
  };
  return { judging, run, stop };
}

/** The adapter's roofs, measured once after the first verdict. */
export function useRoofs({ remote }: PageDevice<WorkbenchHandlers>, wanted: boolean): Roofs | undefined {
  const [roofs, setRoofs] = useState<Roofs>();
  useEffect(() => {
    if (wanted && !roofs) remote?.call('roofs', undefined as never).then(setRoofs, () => {});
  }, [wanted, roofs, remote]);
  return roofs;
}
