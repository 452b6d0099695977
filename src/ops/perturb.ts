import * as kernels from '../gpu/kernel/generated/kernels.ts';
import { checkNumber, NOT_NEGATIVE } from '../tape/check.ts';
import { shapeError, type Tape } from '../tape/tape.ts';
import { elements, showShape, type Tensor } from '../tape/tensor.ts';

/**
 * Changes a lasting tensor in place: values += (noise - ½) · width · their unbiased deviation, with noise in [0, 1) of the same
 * shape; a single value stays. Throws when the shapes differ or the width is negative. Wu et al., arXiv 2202.12024.
 */
export function perturb(tape: Tape, values: Tensor, noise: Tensor, width: number): void {
  if (showShape(noise.shape) !== showShape(values.shape))
    throw shapeError('perturb', 'noise', noise.shape, `the values have ${showShape(values.shape)}`);
  checkNumber('perturb', 'width', width, NOT_NEGATIVE);
  const count = elements(values.shape);
  if (count < 2) return;
  tape.dispatch(kernels['noise/perturb'], {
    bindings: { noise, values },
    uniforms: { count, width },
    constants: { WORKGROUP: tape.target.kind === 'cpu' ? 8 : 256 },
    workgroups: [1, 1, 1],
    label: `perturb ${values.label}`,
    flops: 6 * count,
    updates: values,
  });
}
