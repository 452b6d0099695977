/**
 * MAE's fixed position embeddings [extra + rows · columns, dim] of a grid of patches: of each patch's column, then of its row,
 * sin and cos at dim / 4 frequencies from 1 down to near 1 / 10,000; zeros for the `extra` tokens before. In float64, then rounded.
 * Throws when dim is no multiple of 4.
 */
export function sincosPositions(
  dim: number,
  [rows, columns]: readonly [number, number],
  { extra = 1 } = {},
): Float32Array<ArrayBuffer> {
  if (dim % 4 !== 0) throw new Error(`sincosPositions: dim is ${dim}, but it must be a multiple of 4.`);
  const quarter = dim / 4;
  const embeddings = new Float32Array((extra + rows * columns) * dim);
  for (let patch = 0; patch < rows * columns; patch++) {
    const places = [patch % columns, Math.floor(patch / columns)];
    const start = (extra + patch) * dim;
    places.forEach((place, half) => {
      for (let i = 0; i < quarter; i++) {
        const angle = place / 10000 ** (i / quarter);
        embeddings[start + 2 * quarter * half + i] = Math.sin(angle);
        embeddings[start + 2 * quarter * half + quarter + i] = Math.cos(angle);
      }
    });
  }
  return embeddings;
}
