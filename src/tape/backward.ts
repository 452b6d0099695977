import type { Parameter } from './parameter.ts';
import type { OpRecord, Tape } from './tape.ts';
import { showShape, type Tensor } from './tensor.ts';

/** Adds two gradients of one tensor into `into` or a new tensor. */
export type Add = (tape: Tape, a: Tensor, b: Tensor, into?: Tensor) => Tensor;

/**
 * Reverse-mode differentiation: appends the dispatches that compute the gradient of `output` with respect to every
 * leaf (a parameter or an input that requires one), given `upstream`, the gradient arriving at `output`.
 * Only records between `output` and such leaves are visited and only the thunks needed are called. A parameter's
 * gradient is written where `parameter.gradient` says. Returns the gradient of each leaf that was reached.
 * Throws when `output` does not depend on a leaf, or when `upstream` or an op's gradient is missing or misshapen.
 */
export function backward(tape: Tape, output: Tensor, upstream: Tensor, add: Add): Map<Tensor, Tensor> {
  if (!output.requiresGrad)
    throw new Error(
      `${output.label} depends on nothing that requires a gradient, so there is nothing to differentiate.`,
    );
  if (upstream.dtype !== 'f32') throw new Error(`The upstream gradient is ${upstream.dtype}, but it must be f32.`);
  if (!sameShape(upstream, output))
    throw new Error(
      `The upstream gradient has shape ${showShape(upstream.shape)}, but ${output.label} has ${showShape(output.shape)}.`,
    );
  const producers = new Set(tape.records.map((record) => record.output));
  const gradients = new Map<Tensor, Tensor>([[output, upstream]]);
  for (const record of [...tape.records].reverse()) {
    const arriving = gradients.get(record.output);
    if (!arriving) continue;
    tape.scope(record.scope, () => {
      const thunks = record.backward(arriving);
      // What may be changed in place: no thunk still to come reads it, and it is the gradient of nothing else.
      const before = new Set(gradients.values());
      const isOwn = (gradient: Tensor) =>
        before.has(gradient) &&
        gradient !== arriving &&
        gradient !== upstream &&
        [...gradients.values()].filter((other) => other === gradient).length === 1;
      for (const [name, input] of Object.entries(record.inputs)) {
        if (!input.requiresGrad) continue;
        const thunk = thunks[name];
        if (!thunk) throw new Error(`The op ${record.op} has no gradient for its input '${name}'.`);
        const previous = gradients.get(input);
        const into = isParameter(input) ? input.gradient : undefined;
        const onto = previous && isOwn(previous) ? previous : undefined;
        const gradient = thunk(previous ? undefined : into, onto);
        checkGradient(record, name, input, gradient);
        if (into && !previous && gradient !== into)
          throw new Error(
            `The gradient of op ${record.op} for '${name}' is not where parameter ${input.label} keeps it.`,
          );
        const isDone = !previous || gradient === onto;
        gradients.set(input, isDone ? gradient : add(tape, previous, gradient, into ?? onto));
      }
    });
    // An intermediate gradient is complete once its producer has used it.
    gradients.delete(record.output);
  }
  for (const tensor of gradients.keys()) if (producers.has(tensor)) gradients.delete(tensor);
  return gradients;
}

const isParameter = (tensor: Tensor): tensor is Parameter => 'gradient' in tensor;

const sameShape = (a: Tensor, b: Tensor) =>
  a.shape.length === b.shape.length && a.shape.every((n, i) => n === b.shape[i]);

function checkGradient(record: OpRecord, name: string, input: Tensor, gradient: Tensor): void {
  if (!sameShape(gradient, input))
    throw new Error(
      `Error in the gradient of op ${record.op}: for its input '${name}' it has shape ${showShape(gradient.shape)}, ` +
        `which does not match the input's ${showShape(input.shape)}.`,
    );
}
