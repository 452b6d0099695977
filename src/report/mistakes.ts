import { groups, type Mistake, type Run } from './data.ts';

/** Mistakes that a page shows of all methods together, and at least of each. */
const TOGETHER = 24;
const EACH = 6;

/** The mistakes that a page shows: of each method those of its first run that has any. */
export function shownMistakes(runs: readonly Run[]): { label: string; mistakes: readonly Mistake[] }[] {
  const methods = groups(runs);
  const most = Math.max(EACH, Math.floor(TOGETHER / methods.length));
  return methods.flatMap(({ label, runs: own }) => {
    const mistakes = own.find((run) => run.mistakes)?.mistakes?.slice(0, most) ?? [];
    return mistakes.length > 0 ? [{ label, mistakes }] : [];
  });
}
