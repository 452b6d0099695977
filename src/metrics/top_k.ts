/** How many rows have their label among the k largest logits, for each k that was asked for. */
export interface TopK {
  readonly correct: readonly number[];
  /** Shares of all rows, 0 to 1. */
  readonly accuracy: readonly number[];
}

/**
 * Top-k accuracy of logits [n, classes], row-major: a row is correct where fewer than k logits come before its label's, those
 * that are larger and of equal ones the first, as PyTorch's argmax has it. With k of `classes` or more each row is correct whose
 * label is a class; one whose label is none (-1) never is.
 * Throws when the logits are not n rows.
 */
export function topK(logits: ArrayLike<number>, labels: ArrayLike<number>, ks: readonly number[]): TopK {
  const n = labels.length;
  const classes = logits.length / n;
  if (n === 0 || !Number.isInteger(classes))
    throw new Error(`topK: ${logits.length} logits cannot be shared by ${n} labels; give n x classes logits.`);
  const correct = ks.map(() => 0);
  for (let row = 0; row < n; row++) {
    const rank = rankOf(logits, row * classes, classes, labels[row] as number);
    for (const [i, k] of ks.entries()) if (rank < k) (correct[i] as number)++;
  }
  return { correct, accuracy: correct.map((count) => count / n) };
}

/** How many logits of a row come before the label's. */
function rankOf(logits: ArrayLike<number>, start: number, classes: number, label: number): number {
  if (!(label >= 0 && label < classes)) return Number.POSITIVE_INFINITY;
  const own = logits[start + label] as number;
  let rank = 0;
  for (let c = 0; c < classes; c++) {
    const other = logits[start + c] as number;
    if (other > own || (other === own && c < label)) rank++;
  }
  return rank;
}

/** In each row of `columns` numbers the place of the largest: the first of equals. */
export function argmax(values: ArrayLike<number>, columns: number): Int32Array {
  return Int32Array.from({ length: values.length / columns }, (_, row) => {
    let best = 0;
    for (let c = 1; c < columns; c++)
      if ((values[row * columns + c] as number) > (values[row * columns + best] as number)) best = c;
    return best;
  });
}
