import type { Kernel } from '../gpu/kernel/kernel.ts';
import type { Target } from '../gpu/kernel/target.ts';
import { checkedDispatch, type Dispatch, type Launch } from './launch.ts';
import { type DType, type Shape, showShape, type Tensor, variable } from './tensor.ts';

/**
 * Computes the gradient of one input. It writes into `into` where that is given (a parameter's place in the gradient
 * arena) and returns the tensor that holds the gradient, which may be the upstream one where nothing is to be computed.
 * `onto` is given instead where it holds what other uses of the input contributed: a thunk whose kernel can add to
 * that returns `onto`; any other thunk takes no notice, and `backward` adds.
 */
export type GradientThunk = (into?: Tensor, onto?: Tensor) => Tensor;

/** An op's trace: what it made from what, and how a gradient flows back, one thunk an input. */
export interface OpRecord<K extends string = string> {
  readonly op: string;
  readonly scope: string;
  readonly inputs: Readonly<Record<K, Tensor>>;
  readonly output: Tensor;
  readonly backward: (upstream: Tensor) => { readonly [P in K]?: GradientThunk };
}

/** One way to compute a problem of an op. */
export interface Way {
  /** Distinct within an op. A candidate with tilings is several: `subgroup 32x32`, `subgroup 16x32` and so on. */
  readonly name: string;
  /** Its name without the tiling, by which a choice may call it as well: that leaves the tiling to the plain choice. */
  readonly base?: string;
  /** How long it should take in a unit that candidates of one op share: what need not be measured is told from this. */
  readonly time?: number;
}

/**
 * Names the way to compute a problem of an op among those that can, the plain choice first, when the tape has so many
 * dispatches; undefined or another name leaves the choice to the op. One in a certain tiling can be named without it, by its `base`.
 */
export type Choose = (op: string, problem: string, ways: readonly Way[], dispatches: number) => string | undefined;

/**
 * Judges what a run is given for an input, undefined where that would keep its last value. Throws, saying why, where a
 * run cannot take it. What it returns is called once the run has.
 */
export type Admit = (data: ArrayBufferView | undefined) => () => void;

/** What an input is besides its shape. */
export interface InputOptions {
  /** Whether `gradients` gives its gradient; false unless given, and for f32 alone. */
  readonly requiresGrad?: boolean;
  /** For what is good for one run alone, or has bounds. */
  readonly admit?: Admit;
}

/** How a tape records. */
export interface TapeOptions {
  /** False for evaluation: ops then leave no records and save nothing. */
  grad?: boolean;
  /** Forces candidates where they can run, for example `{ matmul: 'register' }`. */
  candidates?: Readonly<Record<string, string>> | Choose;
}

/** Records what to compute (dispatches) and how to differentiate it (op records). Knows no GPU object and no op. */
export interface Tape {
  readonly target: Target;
  readonly choose: Choose;
  /** When recording began, in milliseconds of `performance.now()`. */
  readonly started: number;
  readonly dispatches: Dispatch[];
  readonly records: OpRecord[];
  readonly inputs: Map<string, Tensor>;
  readonly outputs: Map<string, Tensor>;
  /** Who judges what inputs are given, by their names. */
  readonly admissions: Map<string, Admit>;
  /** A tensor that the caller fills before each run. Throws when the name is taken, or what requires a gradient is not f32. */
  input(name: string, shape: Shape, dtype?: DType, options?: InputOptions): Tensor;
  /** Keeps a tensor's value readable after a run. Throws when the name is taken. */
  output(name: string, tensor: Tensor): void;
  /** A tensor for an op to write. */
  empty(shape: Shape, label: string, dtype?: DType): Tensor;
  /** Called with what a scope of that full name returns, whose value is then theirs: forward hooks on modules, as PyTorch's. */
  readonly hooks: Map<string, (output: Tensor) => Tensor>;
  /** Runs `body` with `name` in front of the labels it makes. */
  scope<T>(name: string, body: () => T): T;
  /**
   * Appends a launch. Throws when a binding or uniform is missing or has no such name, when a bound tensor is not of the dtype that the
   * kernel reads or writes, when the adapter has not what the kernel needs, or a grid cannot be.
   */
  dispatch<B extends string, U extends string, C extends string>(
    kernel: Kernel<B, U, C>,
    launch: Launch<B, U, C>,
  ): void;
  /**
   * Declares `output` a function of `inputs` and returns it, marked so that gradients flow where an input needs one.
   * Where none does, `backward` is dropped, and what only it would read is never kept. An input without a thunk is
   * constant: `gradients` throws where a gradient should flow to it.
   */
  record<K extends string>(
    op: string,
    inputs: Record<K, Tensor>,
    output: Tensor,
    backward: OpRecord<K>['backward'],
  ): Tensor;
  /** Whether an op on these tensors must save what its backward pass needs. */
  tracks(...tensors: Tensor[]): boolean;
}

/**
 * An empty tape for a device's `target`, on which kernels are chosen and grids are made. Ops append to it what they
 * launch, in order, and `compile` makes a program of it. Nothing runs, and one tape makes one program.
 */
export function createTape(target: Target, { grad = true, candidates = {} }: TapeOptions = {}): Tape {
  const dispatches: Dispatch[] = [];
  const records: OpRecord[] = [];
  const inputs = new Map<string, Tensor>();
  const outputs = new Map<string, Tensor>();
  const admissions = new Map<string, Admit>();
  const hooks = new Map<string, (output: Tensor) => Tensor>();
  const scopes: string[] = [];
  const tracks = (...tensors: Tensor[]) => grad && tensors.some((tensor) => tensor.requiresGrad);
  const prefixed = (label: string) => (scopes.length > 0 ? `${scopes.join('.')} ${label}` : label);

  return {
    target,
    started: performance.now(),
    choose: typeof candidates === 'function' ? candidates : (op) => candidates[op],
    dispatches,
    records,
    inputs,
    outputs,
    admissions,
    hooks,
    tracks,
    input(name, shape, dtype = 'f32', { requiresGrad = false, admit } = {}) {
      if (inputs.has(name)) throw new Error(`The tape already has an input named ${name}.`);
      if (requiresGrad && dtype !== 'f32')
        throw new Error(`The input ${name} is ${dtype}, but only f32 can require a gradient.`);
      const tensor: Tensor = { ...variable(name, shape, dtype), requiresGrad };
      inputs.set(name, tensor);
      if (admit) admissions.set(name, admit);
      return tensor;
    },
    output(name, tensor) {
      if (outputs.has(name)) throw new Error(`The tape already has an output named ${name}.`);
      outputs.set(name, tensor);
    },
    empty: (shape, label, dtype = 'f32') => ({ shape, dtype, label: prefixed(label), requiresGrad: false }),
    scope(name, body) {
      if (name === '') return body();
      scopes.push(name);
      try {
        const value = body();
        const hook = hooks.get(scopes.join('.'));
        return hook ? (hook(value as Tensor) as typeof value) : value;
      } finally {
        scopes.pop();
      }
    },
    dispatch(kernel, launch) {
      dispatches.push(checkedDispatch(target, kernel as Kernel, { ...launch, label: prefixed(launch.label) }));
    },
    record(op, from, output, backward) {
      if (!tracks(...Object.values<Tensor>(from))) return output;
      output.requiresGrad = true;
      records.push({ op, scope: scopes.join('.'), inputs: from, output, backward } as OpRecord);
      return output;
    },
  };
}

/** The sentence for an argument of a wrong shape. */
export const shapeError = (op: string, argument: string, shape: Shape, wanted: string): Error =>
  new Error(`${op}: ${argument} has shape ${showShape(shape)}, but ${wanted}.`);
