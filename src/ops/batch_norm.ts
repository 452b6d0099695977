import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { COUNT, checkNumber, NOT_NEGATIVE, PROBABILITY } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, showShape, type Tensor } from '../tape/tensor.ts';
import { type Candidate, choose } from './candidates.ts';
import { mapGrid, reductionGrid, wholeGrid } from './columns.ts';
import { scaled } from './elementwise.ts';
import { fewMoments } from './moments.ts';
import { affineGradients, once } from './reduce.ts';

/** Tensors of shape [C]. The running statistics are lasting tensors, which training updates in place. */
export interface BatchNormState {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly running_mean: Tensor;
  readonly running_var: Tensor;
}

/** What `batchNorm` is told besides its tensors. */
export interface BatchNormOptions {
  /** Whether to normalise by the batch's own statistics and move the running ones towards them. */
  readonly training: boolean;
  /** The share of the batch's statistics in the new running ones, 0 to 1; 0.1 unless given. */
  readonly momentum?: number;
  /** Added to the variance, at least 0; 1e-5 unless given. */
  readonly eps?: number;
  /** Added after the normalisation, before the ReLU; of x's shape. */
  readonly residual?: Tensor;
  /**
   * In training, equal parts of the batch, one after the other, that are normalised each by its own statistics; the running
   * ones move towards their mean. 1 unless given. So MoCo keeps statistics from telling which key belongs to a query
   * (He et al., arXiv 1911.05722, section 3.3; its notebook's SplitBatchNorm).
   */
  readonly groups?: number;
  /** Whether a ReLU comes last. */
  readonly relu?: boolean;
}

interface Problem {
  readonly rows: number;
  readonly channels: number;
}

interface Kernels extends Candidate<Problem> {
  readonly width: 1 | 4;
  readonly statistics: (typeof kernels)['batch_norm/statistics'];
  readonly normalize: (typeof kernels)['batch_norm/normalize'];
  readonly evaluate: (typeof kernels)['batch_norm/evaluate'];
  readonly sums: (typeof kernels)['batch_norm/backward_sums'];
  readonly input: (typeof kernels)['batch_norm/backward_input'];
}

export const batchNormCandidates: readonly Kernels[] = [
  {
    name: 'vec4',
    unfit: ({ channels }) => (channels % 4 === 0 ? undefined : `${channels} channels are no multiple of 4`),
    width: 4,
    statistics: kernels['batch_norm/statistics'],
    normalize: kernels['batch_norm/normalize'],
    evaluate: kernels['batch_norm/evaluate'],
    sums: kernels['batch_norm/backward_sums'],
    input: kernels['batch_norm/backward_input'],
  },
  {
    name: 'scalar',
    width: 1,
    statistics: kernels['batch_norm/statistics_scalar'],
    normalize: kernels['batch_norm/normalize_scalar'],
    evaluate: kernels['batch_norm/evaluate_scalar'],
    sums: kernels['batch_norm/backward_sums_scalar'],
    input: kernels['batch_norm/backward_input_scalar'],
  },
];

/**
 * act(batch_norm(x) + residual) for x [N, H, W, C] or [N, C], act the identity or ReLU.
 * Normalisation is by the biased variance; the running variance moves towards the unbiased one, as PyTorch's does.
 * Statistics that came with x (its `moments`) spare a pass over it.
 * Throws when a shape or `groups` does not fit, or when training sees one value a channel (of a group).
 */
export function batchNorm(tape: Tape, x: Tensor, state: BatchNormState, options: BatchNormOptions): Tensor {
  const { weight, bias, running_mean, running_var } = state;
  const { training, momentum = 0.1, eps = 1e-5, residual, relu = false } = options;
  const groups = training ? (options.groups ?? 1) : 1;
  checkNumber('batch_norm', 'momentum', momentum, PROBABILITY);
  checkNumber('batch_norm', 'eps', eps, NOT_NEGATIVE);
  const channels = x.shape.at(-1) ?? 0;
  const rows = elements(x.shape) / channels / groups;
  if (x.shape.length !== 4 && x.shape.length !== 2)
    throw shapeError('batch_norm', 'x', x.shape, '[N, H, W, C] or [N, C] is needed');
  for (const [name, tensor] of Object.entries({ weight, bias, running_mean, running_var }))
    if (showShape(tensor.shape) !== showShape([channels]))
      throw shapeError('batch_norm', name, tensor.shape, `x has ${channels} channels`);
  if (residual && showShape(residual.shape) !== showShape(x.shape))
    throw shapeError('batch_norm', 'residual', residual.shape, `x has ${showShape(x.shape)}`);
  checkNumber('batch_norm', 'groups', groups, COUNT);
  if (x.shape[0]! % groups !== 0)
    throw shapeError('batch_norm', 'x', x.shape, `its first dimension must be a multiple of the ${groups} groups`);
  if (training && rows < 2)
    throw shapeError('batch_norm', 'x', x.shape, 'training needs more than one value per channel');

  const chosen = choose(tape, 'batch_norm', batchNormCandidates, { rows, channels });
  const shape = { rows, columns: channels / chosen.width, width: chosen.width, groups };
  const map = mapGrid(tape.target, shape);
  const reduction = reductionGrid(tape.target, shape);
  const y = tape.empty(x.shape, 'batch_norm');
  const flags = { RESIDUAL: residual ? 1 : 0, RELU: relu ? 1 : 0 };
  const sizes = { rows, columns: shape.columns };
  const given =
    training && groups === 1 && x.moments ? fewMoments(tape, x, x.moments, 2 * reduction.chunks) : undefined;
  const own = training ? reduction : { chunks: 1, chunkRows: rows };
  const partials = given?.partials ?? tape.empty([groups * own.chunks, 2, channels], 'batch_norm.partials');
  const partialSizes = { partials: partials.shape[0]! / groups, partial_rows: (given ?? own).chunkRows };

  if (training) {
    if (!given)
      tape.dispatch(chosen.statistics, {
        bindings: { x, partials },
        uniforms: { ...sizes, groups, chunks: reduction.chunks, chunk_rows: reduction.chunkRows },
        constants: reduction.constants,
        workgroups: reduction.workgroups,
        label: 'batch_norm.statistics',
        flops: 4 * elements(x.shape),
      });
    tape.dispatch(chosen.normalize, {
      bindings: { x, residual: residual ?? x, partials, weight, bias, running_mean, running_var, y },
      uniforms: {
        ...sizes,
        ...partialSizes,
        groups,
        chunks: map.chunks,
        chunk_rows: map.chunkRows,
        eps,
        momentum,
      },
      constants: { ...map.constants, ...flags },
      workgroups: map.workgroups,
      label: 'batch_norm.normalize',
      flops: (3 + flags.RESIDUAL + flags.RELU) * elements(x.shape),
    });
  } else {
    tape.dispatch(chosen.evaluate, {
      bindings: { x, residual: residual ?? x, weight, bias, running_mean, running_var, partials, y },
      uniforms: { ...sizes, chunk_rows: map.chunkRows, eps },
      constants: { ...map.constants, ...flags },
      workgroups: map.workgroups,
      label: 'batch_norm.evaluate',
      flops: (3 + flags.RESIDUAL + flags.RELU) * elements(x.shape),
    });
  }

  const backward = (dy: Tensor) => {
    // The residual's gradient is dy behind the ReLU; where it is needed, the sums' kernel writes it and the next one reads it.
    const keeps = relu && residual?.requiresGrad === true;
    // In evaluation only that and the parameters' gradients need the sums.
    const needed = training || keeps || weight.requiresGrad || bias.requiresGrad;
    const sums = once(() => {
      const grid = needed ? reduction : wholeGrid(tape.target, shape);
      const sums = tape.empty([groups * (grid.chunks + 1), 2, channels], 'batch_norm.sums');
      const masked = tape.empty(keeps ? x.shape : [1], 'batch_norm.relu.grad');
      tape.dispatch(chosen.sums, {
        bindings: { dy, y: relu ? y : dy, x, partials, sums, masked },
        uniforms: {
          ...sizes,
          groups,
          sum_rows: needed ? rows : 0,
          chunk_rows: grid.chunkRows,
          chunks: grid.chunks,
          ...partialSizes,
          eps,
        },
        constants: { ...grid.constants, RELU: relu ? 1 : 0, KEEP: keeps ? 1 : 0 },
        workgroups: grid.workgroups,
        label: 'batch_norm.backward_sums',
        flops: needed ? 4 * elements(x.shape) : 0,
      });
      return { sums, count: groups * grid.chunks, dz: keeps ? masked : dy };
    });
    const residualGradient = () => (keeps ? sums().dz : dy);
    const parameters = affineGradients(tape, 'batch_norm', channels, sums);
    return {
      weight: parameters.thunk('dweight', !bias.requiresGrad && !x.requiresGrad),
      bias: parameters.thunk('dbias', !x.requiresGrad),
      residual: (into?: Tensor) => (into ? scaled(tape, residualGradient(), 1, into) : residualGradient()),
      x: (into?: Tensor) => {
        const dx = into ?? tape.empty(x.shape, 'batch_norm.grad');
        const { sums: totals, count, dz } = sums();
        const masks = relu && !keeps;
        tape.dispatch(chosen.input, {
          bindings: {
            dy: dz,
            y: masks ? y : dz,
            x,
            weight,
            sums: totals,
            dx,
            ...parameters.targets(),
          },
          uniforms: {
            ...sizes,
            groups,
            chunks: map.chunks,
            chunk_rows: map.chunkRows,
            sums: count / groups,
            mean_factor: training ? 1 / rows : 0,
          },
          constants: { ...map.constants, RELU: masks ? 1 : 0 },
          workgroups: map.workgroups,
          label: 'batch_norm.backward_input',
          flops: 5 * elements(x.shape),
        });
        return dx;
      },
    };
  };
  // x comes last: its kernel writes the parameters' gradients too. The running statistics have no gradient.
  const inputs: Record<string, Tensor> = { running_mean, running_var, weight, bias, ...(residual && { residual }), x };
  return tape.record('batch_norm', inputs, y, backward);
}
