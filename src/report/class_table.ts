// How well each class is recognised, in plain text.
import { alignColumns } from './align.ts';
import { type ClassShare, type ConfusionMatrix, classShares } from './data.ts';

/** Classes of a table that a terminal shows as a whole; of more, those that are recognised least. */
const WHOLE = 20;
const LEAST = 10;

/** The classes with the least recognised first, those without images last. */
export const hardestFirst = (shares: readonly ClassShare[]): ClassShare[] =>
  [...shares].sort((a, b) => (a.right ?? 101) - (b.right ?? 101) || a.label - b.label);

/**
 * A row a class, the least recognised first: its test images, how many percent of them are right, and what the others were mostly
 * taken for. Of more classes than a terminal shows the first rows, and then `whole` says where all are.
 */
export function classTable(classes: readonly string[], confusion: ConfusionMatrix, whole: string): string {
  const sorted = hardestFirst(classShares(confusion));
  const shown = sorted.length > WHOLE ? sorted.slice(0, LEAST) : sorted;
  const nameOf = (label: number) => classes[label] ?? `class ${label}`;
  const drawn = alignColumns([
    ['Class', 'images', 'right (%)'],
    ...shown.map(({ label, images, right }) => [nameOf(label), `${images}`, right?.toFixed(1) ?? '–']),
  ]);
  const beside = shown.map(({ taken }) => (taken ? `${nameOf(taken.label)} ${taken.percent.toFixed(1)} %` : ''));
  const [head, ...rows] = drawn;
  return [
    `${head}  mostly taken for`,
    ...rows.map((row, i) => `${row}  ${beside[i]}`.trimEnd()),
    ...(shown.length < sorted.length ? [`… and ${sorted.length - shown.length} classes more: ${whole}`] : []),
  ].join('\n');
}
