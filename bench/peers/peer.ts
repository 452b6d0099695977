import type { BenchCase } from '../../src/bench/cases.ts';
import type { Run } from '../../src/bench/timing.ts';
import type { Network } from './networks.ts';

/** A case made ready to run: compiled, its inputs in the GPU's memory. */
export interface Prepared {
  readonly run: Run;
  /** The result of a run, in the engine's layout. */
  read(): Promise<ArrayLike<number>>;
  /** Frees its memory. */
  dispose(): void;
}

/** A network in training. */
export interface Training {
  /** Takes so many steps, each with the next batch written by the host, and waits until the GPU has done them all. */
  readonly run: Run;
  /** The losses of all steps taken so far. */
  readonly losses: readonly number[];
  /** Frees its memory. */
  dispose(): void;
}

/** An engine that runs benchmark cases and training steps in a page. */
export interface Peer {
  /** With its release. */
  readonly name: string;
  /** To be called once, before all else. Throws where the engine does not find the GPU. */
  start(): Promise<void>;
  /** Throws when the engine cannot compute the case. */
  prepare(bench: BenchCase): Promise<Prepared>;
  /** Throws when the engine cannot train the network. */
  train(network: Network): Promise<Training>;
}
