import { adamw } from '../../optim/adamw.ts';
import type { Optimizer } from '../../optim/optimizer.ts';
import { sgd } from '../../optim/sgd.ts';
import type { Arena, Parameter } from '../../tape/parameter.ts';
import { SLICE_ALIGNMENT, type Tensor } from '../../tape/tensor.ts';
import { type BenchCase, preset } from './case.ts';
import { samplesAt, someOf } from './samples.ts';

/** About as many parameters as a ResNet-50 has, in as many tensors. */
const TENSORS = 160;
const FLOATS = 2440 * (SLICE_ALIGNMENT / 4);
const COUNT = TENSORS * FLOATS;

const LR = 1e-3;
const DECAY = 0.01;

/** A step of all parameters; the result is the new values after the first one. */
export function optimizerCases(): BenchCase[] {
  const common = { usual: true, inputs: { values: [COUNT], gradients: [COUNT] } } as const;
  const some = someOf(COUNT);
  return [
    {
      ...{ ...common, name: 'sgd 25M', torch: { op: 'sgd', momentum: 0.9, weight_decay: DECAY } },
      build: stepOf((arena) => sgd(arena, { momentum: 0.9, weight_decay: DECAY })),
      reference: ({ values, gradients }) =>
        samplesAt(some, (i) => values![i]! - LR * (gradients![i]! + DECAY * values![i]!)),
    },
    {
      ...{ ...common, name: 'adamw 25M', torch: { op: 'adamw', weight_decay: DECAY } },
      build: stepOf((arena) => adamw(arena, { weight_decay: DECAY })),
      // In the first step, both averages hold the gradient alone, and the bias corrections make them whole.
      reference: ({ values, gradients }) =>
        samplesAt(some, (i) => {
          const g = gradients![i]!;
          return values![i]! * (1 - LR * DECAY) - (LR * g) / (Math.abs(g) + 1e-8);
        }),
    },
  ];
}

const stepOf =
  (make: (arena: Arena) => Optimizer): BenchCase['build'] =>
  (tape, inputs) => {
    const [values, gradients] = [inputs.values as Tensor, inputs.gradients as Tensor];
    const parameters = Array.from({ length: TENSORS }, (_, index): Parameter => {
      const part = (tensor: Tensor, label: string): Tensor => ({
        ...{ shape: [FLOATS], dtype: 'f32', label, requiresGrad: false },
        storage: { chunk: tensor.storage!.chunk, offset: 4 * FLOATS * index },
      });
      return { ...part(values, `p${index}`), gradient: part(gradients, `p${index}.grad`) };
    });
    const arena: Arena = {
      chunks: [{ values: values.storage!.chunk, gradients: gradients.storage!.chunk, parameters }],
      add() {
        throw new Error('The arena of a benchmark is complete.');
      },
    };
    preset(tape, make(arena).record(tape, new Set(parameters)).inputs(LR));
    return values;
  };
