// What a page and its worker say to each other. A handler returns a promise of one value or a generator of several; either can be
// aborted. What is sent has to be plain data.

/** What a worker can be asked, by name. */
export type Handlers = { readonly [name: string]: (argument: never, signal: AbortSignal) => unknown };

export type Argument<H extends Handlers, K extends keyof H> = Parameters<H[K]>[0];
/** What a handler's promise holds. */
export type Answer<H extends Handlers, K extends keyof H> = Awaited<ReturnType<H[K]>>;
/** What a handler's generator yields. */
export type Part<H extends Handlers, K extends keyof H> = ReturnType<H[K]> extends AsyncIterable<infer T> ? T : never;

export type ToWorker =
  | { readonly kind: 'ask'; readonly id: number; readonly name: string; readonly argument: unknown }
  | { readonly kind: 'abort'; readonly id: number };

export type FromWorker =
  | { readonly kind: 'ready'; readonly adapter: Adapter }
  /** There is no WebGPU, or no adapter. */
  | { readonly kind: 'missing'; readonly message: string }
  | { readonly kind: 'lost'; readonly message: string }
  | { readonly kind: 'part'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'end'; readonly id: number; readonly value?: unknown; readonly error?: string };

/** What pages show of the adapter. */
export interface Adapter {
  readonly name: string;
  readonly description: string;
  readonly kind: 'cpu' | 'gpu';
  readonly features: readonly string[];
}
