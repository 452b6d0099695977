import { geometricMean } from '../quantile.ts';
import type { Comparison } from './comparison.ts';
import type { Report } from './report.ts';
import { OWN } from './side_by_side.ts';
import type { Timing } from './timing.ts';

/** A case that two reports have, as the engine's own choice does it. */
export interface CompareRow extends Comparison {
  readonly case: string;
}

/** Two reports, case by case. */
export interface CompareReports {
  readonly rows: readonly CompareRow[];
  /** after / before over all these cases. */
  readonly mean: number;
  /** Cases that one of the two has. */
  readonly alone: readonly string[];
}

/**
 * Half of a median's interval of 95 % in halves of the middle half's range, times the root of the samples, where times are
 * normally distributed: 1.96 standard errors of 1.2533 σ / √n, of which half the range is 0.6745 σ.
 */
const WIDTH = (1.96 * 1.2533) / 0.6745;

/** Compares the medians of two reports. Throws where they have no case in common. */
export function compareReports(before: Report, after: Report): CompareReports {
  const [ours, theirs] = [before, after].map(ownChoices) as [Map<string, Timing>, Map<string, Timing>];
  const rows = [...ours].flatMap(([name, row]) => {
    const other = theirs.get(name);
    return other ? [{ case: name, ...compareRows(row, other) }] : [];
  });
  if (rows.length === 0) throw new Error('The two reports have no case in common.');
  const alone = [...new Set([...ours.keys(), ...theirs.keys()])].filter(
    (name) => !(ours.has(name) && theirs.has(name)),
  );
  return { rows, mean: geometricMean(rows.map(({ ratio }) => ratio)), alone };
}

/** Of kernels and of training steps, which are timed beside other engines alone. */
const ownChoices = ({ rows, sideBySide = [] }: Report): Map<string, Timing> =>
  new Map([
    ...sideBySide.flatMap(({ name, group, timings }): [string, Timing][] => {
      const own = timings[OWN];
      return group === 'training' && own ? [[name, own]] : [];
    }),
    ...rows.flatMap((row): [string, Timing][] => (row.candidate === 'default' ? [[row.case, row]] : [])),
  ]);

function compareRows(before: Timing, after: Timing): Comparison {
  const share = ({ median, spread, samples }: Timing) => (WIDTH * spread) / median / Math.sqrt(samples);
  const ratio = after.median / before.median;
  const width = ratio * Math.hypot(share(before), share(after));
  return {
    ...{ before: before.median, after: after.median, ratio, low: ratio - width, high: ratio + width },
    spread: { before: before.spread, after: after.spread },
  };
}

/** Reads a report's JSON. Throws in one sentence where the text is none; `name` is the file's. */
export function parseReport(name: string, text: string): Report {
  let report: Partial<Report> | null;
  try {
    report = JSON.parse(text);
  } catch {
    throw new Error(`${name} is not JSON.`);
  }
  const isReport =
    Array.isArray(report?.rows) &&
    typeof report.adapter === 'string' &&
    report.rows.every((row) => row && typeof row.case === 'string' && row.median > 0 && row.samples > 0);
  if (!isReport) throw new Error(`${name} is no report of this benchmark.`);
  return report as Report;
}
