/** Which classes are taken for which. */
export interface Confusion {
  /** Counts [classes, classes], row-major: the true class is the row, the predicted one the column. */
  readonly matrix: Int32Array;
  /** The share of each class's samples that were predicted right (its recall), 0 to 1; 0 for a class without samples. */
  readonly per_class: readonly number[];
  /** The mean of these over the classes that have samples: each class counts alike, however many samples it has. */
  readonly mean_per_class: number;
  /** The share of all samples that were predicted right. */
  readonly accuracy: number;
}

/** The confusion matrix of n predictions and what follows from it. Throws when there are none, or one or a label is no class. */
export function confusion(labels: ArrayLike<number>, predictions: ArrayLike<number>, classes: number): Confusion {
  const n = labels.length;
  if (n === 0 || predictions.length !== n)
    throw new Error(
      `confusion: there are ${n} labels and ${predictions.length} predictions; give one of each a sample.`,
    );
  const isClass = (value: number) => Number.isInteger(value) && value >= 0 && value < classes;
  const matrix = new Int32Array(classes * classes);
  for (let i = 0; i < n; i++) {
    const [label, prediction] = [labels[i] as number, predictions[i] as number];
    if (!isClass(label) || !isClass(prediction))
      throw new Error(
        `confusion: sample ${i} has label ${label} and prediction ${prediction}, but classes are 0 to ${classes - 1}.`,
      );
    (matrix[label * classes + prediction] as number)++;
  }
  const samples = Array.from({ length: classes }, (_, c) =>
    matrix.subarray(c * classes, (c + 1) * classes).reduce((sum, count) => sum + count, 0),
  );
  const right = samples.map((_, c) => matrix[c * classes + c] as number);
  const per_class = right.map((count, c) => (count === 0 ? 0 : count / (samples[c] as number)));
  return {
    matrix,
    per_class,
    mean_per_class: sum(per_class) / samples.filter((count) => count > 0).length,
    accuracy: sum(right) / n,
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
