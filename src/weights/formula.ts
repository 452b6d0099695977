// Formula weights: reproducible pseudo-random weights that any language can compute from a parameter's name, so that
// test cases need not carry them.

import { elementCount } from './host-tensor.ts';

/**
 * The formula weight of one entry of a PyTorch state dict, row-major in PyTorch's layout (OIHW, (out, in)).
 *
 * h starts as `salt` and becomes (31 h + b) mod 65521 for every byte b of the name. Element i takes the fraction u (of
 * the same sign) of 437.5453 sin(12.9898 (i mod 4093) + 4.1414 floor(i / 4093) + 0.01 h), scaled by what the entry is:
 * `running_var` 1 + 0.2 u; another 1-D entry whose name ends in `weight` 0.5 + 0.1 u; another 1-D entry 0.1 u; all else
 * u sqrt(3 shape[0] / count). All in float64, rounded to float32 at the end.
 *
 * @param name the entry's full name, such as `layer1.0.bn1.running_var`.
 * @param torchShape its shape in PyTorch's order; a scalar has the shape [].
 */
export function formulaWeight(name: string, torchShape: readonly number[], salt: number): Float32Array {
  let h = salt;
  for (const byte of new TextEncoder().encode(name)) h = (h * 31 + byte) % 65521;
  const [offset, scale] = offsetAndScale(name, torchShape);
  const result = new Float32Array(elementCount(torchShape));
  for (let i = 0; i < result.length; i++) {
    const s = Math.sin((i % 4093) * 12.9898 + Math.floor(i / 4093) * 4.1414 + h * 0.01) * 437.5453;
    result[i] = offset + scale * (s - Math.trunc(s));
  }
  return result;
}

function offsetAndScale(name: string, shape: readonly number[]): [offset: number, scale: number] {
  if (name.endsWith('running_var')) return [1, 0.2];
  if (shape.length === 1) return [name.endsWith('weight') ? 0.5 : 0, 0.1];
  return [0, Math.sqrt((3 * (shape[0] ?? 1)) / elementCount(shape))];
}
