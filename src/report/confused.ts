// Which classes a method takes for which, over all of its runs.
import { type ConfusionMatrix, groups, type ReportData } from './data.ts';

/** Up to so many classes the matrix is a table with numbers; of more it is a picture. */
export const TABLE_CLASSES = 20;

/** A method with the counts of all of its runs together. */
export interface Confused {
  readonly label: string;
  /** Its place among the methods, which tells its colour. */
  readonly method: number;
  readonly confusion: ConfusionMatrix;
}

/** The methods that have classified test images. */
export const confusedMethods = ({ runs }: Pick<ReportData, 'runs'>): Confused[] =>
  groups(runs).flatMap(({ label, runs: own }, method) => {
    const matrices = own.flatMap(({ confusion }) => (confusion ? [confusion] : []));
    const [first] = matrices;
    if (!first) return [];
    const confusion = first.map((row, y) =>
      row.map((_, x) => matrices.reduce((sum, matrix) => sum + (matrix[y]?.[x] as number), 0)),
    );
    return [{ label, method, confusion }];
  });

/** How strong the colour of a share is, 0 to 1: small ones are seen too. */
export const strengthOf = (share: number): number => share ** 0.6;
