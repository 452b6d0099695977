import type { BenchCase } from '../cases.ts';
import type { Run } from '../timing.ts';

/** A case made ready to run: compiled, its inputs in the GPU's memory. */
export interface Prepared {
  readonly run: Run;
  /** The result of a run, in the engine's layout. */
  read(): Promise<ArrayLike<number>>;
}

/** An engine that runs benchmark cases in a page. */
export interface Peer {
  readonly name: string;
  /** To be called once, before `prepare`. Throws where the engine does not find the GPU. */
  start(): Promise<void>;
  /** Throws when the engine cannot compute the case. */
  prepare(bench: BenchCase): Promise<Prepared>;
}
