// What a page asks its worker for piece by piece.
import { useRef, useState } from 'preact/hooks';
import type { PageDevice } from './device.ts';
import type { Argument, Handlers, Part } from './protocol.ts';

/** What a longer measurement has told so far. */
export interface Streamed<T> {
  readonly parts: readonly T[];
  readonly running: boolean;
  readonly mistake?: string | undefined;
}

/** A measurement that is started by hand and can be stopped, which leaves what was told. */
export function useStream<H extends Handlers, K extends keyof H & string>({ remote }: PageDevice<H>, name: K) {
  type Told = Part<H, K>;
  const [told, setTold] = useState<Streamed<Told>>({ parts: [], running: false });
  const control = useRef<AbortController | undefined>(undefined);
  const start = async (argument: Argument<H, K>) => {
    const own = new AbortController();
    control.current?.abort();
    control.current = own;
    let now: Streamed<Told> = { parts: [], running: true };
    const say = (next: Streamed<Told>) => {
      now = next;
      if (control.current === own) setTold(next);
    };
    say(now);
    try {
      for await (const part of remote?.stream(name, argument, own.signal) ?? [])
        say({ ...now, parts: [...now.parts, part] });
    } catch (error) {
      say({ ...now, mistake: (error as Error).message });
    }
    say({ ...now, running: false });
  };
  const stop = () => control.current?.abort();
  return { ...told, start, stop };
}
