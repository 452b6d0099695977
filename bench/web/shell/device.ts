import { useEffect, useRef, useState } from 'preact/hooks';
import type { Handlers } from './protocol.ts';
import { connect, type DeviceState, type Remote } from './remote.ts';

/** A page's worker and what is known of its device. */
export interface PageDevice<H extends Handlers> {
  readonly state: DeviceState;
  readonly remote: Remote<H> | undefined;
  /** Ends the worker and starts another one, with a device of its own. */
  restart(): void;
}

/** The worker of this page, whose address the page's HTML names. */
export function useDevice<H extends Handlers>(): PageDevice<H> {
  const [state, setState] = useState<DeviceState>({ kind: 'starting' });
  const [starts, setStarts] = useState(0);
  const remote = useRef<Remote<H> | undefined>(undefined);
  // Each start is another worker.
  useEffect(() => {
    const own = connect<H>(document.documentElement.dataset.worker ?? '', setState);
    remote.current = own;
    return () => own.close();
  }, [starts]);
  const restart = () => {
    setState({ kind: 'starting' });
    setStarts((count) => count + 1);
  };
  return { state, remote: remote.current, restart };
}
