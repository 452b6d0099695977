// Position embeddings of vision transformers on another grid of patches.

/** Rows and columns of patches. */
export type Grid = readonly [rows: number, columns: number];

/** PyTorch's bicubic kernel; Pillow's resizing has -0.5. */
const A = -0.75;

/**
 * Position embeddings [extra + rows · columns, dim] for a new grid: those of the extra tokens stay, the others are resized as
 * `torch.nn.functional.interpolate(mode='bicubic', align_corners=False)` does it, without antialiasing, borders repeated.
 * Throws when there are not as many embeddings as the grid says.
 */
export function interpolatePositions(
  embeddings: Float32Array,
  {
    dim,
    grid,
    to,
    extra = 1,
  }: { readonly dim: number; readonly grid: Grid; readonly to: Grid; readonly extra?: number },
): Float32Array {
  const [rows, columns] = grid;
  if (embeddings.length !== (extra + rows * columns) * dim)
    throw new Error(
      `There are ${embeddings.length / dim} position embeddings, but ${extra} and a grid of ${rows}×${columns} need ${extra + rows * columns}.`,
    );
  const [newRows, newColumns] = to;
  const result = new Float32Array((extra + newRows * newColumns) * dim);
  result.set(embeddings.subarray(0, extra * dim));
  const down = Array.from({ length: newRows }, (_, i) => taps(i, rows, newRows));
  const across = Array.from({ length: newColumns }, (_, i) => taps(i, columns, newColumns));
  const sums = new Float64Array(dim);
  down.forEach((vertical, row) => {
    across.forEach((horizontal, column) => {
      sums.fill(0);
      for (const [y, wy] of vertical)
        for (const [x, wx] of horizontal) {
          const from = (extra + y * columns + x) * dim;
          for (let c = 0; c < dim; c++) sums[c]! += wy * wx * embeddings[from + c]!;
        }
      result.set(sums, (extra + row * newColumns + column) * dim);
    });
  });
  return result;
}

/** The square grid of position embeddings [1, 1 + patches, dim] in a file; undefined where they are none. */
export function squareGrid([one, tokens = 0, ...rest]: readonly number[]): Grid | undefined {
  const side = Math.sqrt(tokens - 1);
  return one === 1 && rest.length === 1 && Number.isInteger(side) && side > 0 ? [side, side] : undefined;
}

/** The four places that a new one is made of along one axis, with their weights. */
function taps(place: number, from: number, to: number): [place: number, weight: number][] {
  const source = ((place + 0.5) * from) / to - 0.5;
  const first = Math.floor(source) - 1;
  return [0, 1, 2, 3].map((i) => [Math.min(Math.max(first + i, 0), from - 1), cubic(Math.abs(source - (first + i)))]);
}

/** Keys' convolution kernel, "Cubic Convolution Interpolation for Digital Image Processing", 1981. */
const cubic = (x: number): number =>
  x <= 1 ? ((A + 2) * x - (A + 3)) * x * x + 1 : ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
