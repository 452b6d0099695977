import type { Device } from '../gpu/device.ts';
import type { StateEntry } from '../nn/store.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { showShape, type Tensor } from '../tape/tensor.ts';
import type { HostTensor } from '../weights/host-tensor.ts';
import { loadState, readTensors, saveState } from '../weights/state_dict.ts';

/** Where a training is: between two micro-batches, all losses read. */
export interface Place {
  /** Epochs done. */
  readonly epoch: number;
  /** Micro-batches done of the epoch that runs. */
  readonly index: number;
  /** The epochs that were done at the last evaluation; -1 before the first. */
  readonly evaluated: number;
  /** Of training so far, evaluations not counted. */
  readonly seconds: number;
  /** Images of the epoch so far, and the sums over them of the losses and of what `contrast` tells. */
  readonly images: number;
  readonly sums: Readonly<Record<string, number>>;
}

export const BEGINNING: Place = { epoch: 0, index: 0, evaluated: -1, seconds: 0, images: 0, sums: {} };

/**
 * All that a run is at a moment, in host memory. What is not here follows from the run's settings: random numbers and the order
 * of images depend on seed, step and place alone, and so does the learning rate.
 */
export interface RunState {
  readonly place: Place;
  /** The model's under PyTorch's names and layouts; all else as it is on the device, behind its part's name and a dot. */
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** Steps that the optimizer has taken, by parameter. */
  readonly steps: Readonly<Record<string, number>>;
}

/** What a run's state is read from and written to. */
export interface Stateful {
  readonly model: readonly StateEntry[];
  readonly optimizer: Optimizer;
  /** The model that averages the weights. */
  readonly average?: readonly StateEntry[] | undefined;
  /** Lasting tensors that steps change besides, by part and name: sums of gradients, averages, what a method keeps. */
  readonly parts: Readonly<Record<string, ReadonlyMap<string, Tensor>>>;
}

/** Before the names of what is not the model's, and of an averaged model's. */
const TRAINING = 'training';
const AVERAGE = `${TRAINING}.average.`;

/** The lasting tensors that are not the model's, by the names that they have in a state. */
function besides({ optimizer, parts }: Stateful): Map<string, Tensor> {
  const named = Object.entries({ ...parts, optimizer: optimizer.state() });
  return new Map(
    named.flatMap(([part, tensors]) =>
      [...tensors].map(([name, tensor]) => [`${TRAINING}.${part}.${name}`, tensor] as const),
    ),
  );
}

/** Reads a run's state from the device, after all work submitted so far. */
export async function captureState(device: Device, stateful: Stateful, place: Place): Promise<RunState> {
  const tensors = new Map([
    ...(await saveState(device, stateful.model)),
    ...[...(await saveState(device, stateful.average ?? []))].map(
      ([name, tensor]) => [AVERAGE + name, tensor] as const,
    ),
    ...(await readTensors(device, besides(stateful))),
  ]);
  return { place: { ...place, sums: { ...place.sums } }, tensors, steps: Object.fromEntries(stateful.optimizer.steps) };
}

/**
 * Makes a run what it was. `from` names the state in errors. Throws, before anything is written, where it is not this run's:
 * another model, optimizer or method.
 */
export async function restoreState(device: Device, stateful: Stateful, state: RunState, from: string): Promise<void> {
  const own = besides(stateful);
  for (const [name, { shape }] of own) {
    const given = state.tensors.get(name);
    // Sums of gradients are all zero between two steps, and then in no state.
    if (!given && !name.startsWith(`${TRAINING}.${SUMS}.`))
      throw new Error(`${from} has no ${name}, so it is of another run: another optimizer, method or program.`);
    if (given && showShape(given.shape) !== showShape(shape))
      throw new Error(
        `${from} is of another run: ${name} is ${showShape(given.shape)} there and ${showShape(shape)} here.`,
      );
  }
  const { model, average } = stateful;
  await loadState(
    device,
    model,
    new Map([...state.tensors].filter(([name]) => !name.startsWith(`${TRAINING}.`))),
    from,
  );
  if (average) await loadState(device, average, averageOf(state), from);
  for (const [name, tensor] of own) {
    const given = state.tensors.get(name);
    if (given) device.write(tensor, tensor.dtype === 'u32' ? unsigned(given.data) : given.data);
  }
  const { steps } = stateful.optimizer;
  steps.clear();
  for (const [name, count] of Object.entries(state.steps)) steps.set(name, count);
}

const unsigned = ({ buffer, byteOffset, length }: HostTensor['data']) => new Uint32Array(buffer, byteOffset, length);

/** The part of a state that holds sums of gradients. */
export const SUMS = 'accumulated';

const averageOf = ({ tensors }: RunState): Map<string, HostTensor> =>
  new Map(
    [...tensors].flatMap(([name, tensor]) => (name.startsWith(AVERAGE) ? [[name.slice(AVERAGE.length), tensor]] : [])),
  );

/** The model of a state for use: that of the averaged weights where there is one. */
export function modelOf(state: RunState): Map<string, HostTensor> {
  const average = averageOf(state);
  if (average.size > 0) return average;
  return new Map([...state.tensors].filter(([name]) => !name.startsWith(`${TRAINING}.`)));
}

/** A state as the contents of a safetensors file. */
export const stateFile = ({ place, tensors, steps }: RunState) => ({
  tensors: new Map(tensors),
  metadata: { place: JSON.stringify(place), steps: JSON.stringify(steps) },
});

/** Reads it back. Throws where a file is no state of a run. */
export function stateOf(
  { tensors, metadata }: { tensors: ReadonlyMap<string, HostTensor>; metadata: Readonly<Record<string, string>> },
  from: string,
): RunState {
  const { place, steps } = metadata;
  if (place === undefined || steps === undefined)
    throw new Error(`${from} holds a model but no run that could go on: it does not say how far it has come.`);
  return { tensors, place: JSON.parse(place), steps: JSON.parse(steps) };
}
