import { geometricMean } from '../quantile.ts';
import type { Roofs } from '../report/roof.ts';
import type { Report } from './report.ts';
import { type PeerMeans, peerMeans } from './side_by_side.ts';

/** A report in a line, to stand among those of other adapters and days. */
export interface ResultSummary extends Pick<Report, 'adapter' | 'runtime' | 'date'> {
  readonly file: string;
  /** Empty where the report does not tell it. */
  readonly commit: string;
  readonly roofs: Roofs;
  /** Cases that the engine ran with kernels of its own choice and a right result. */
  readonly cases: number;
  /** The geometric mean of their shares of the roof; null of none. */
  readonly share: number | null;
  readonly peers: PeerMeans;
}

/** Sums up what a file of reports holds. */
export function summariseReport(file: string, report: Report): ResultSummary {
  const { adapter, runtime, date, commit, note = '', roofs, rows, sideBySide = [] } = report;
  const own = rows.filter(({ candidate, correct }) => candidate === 'default' && correct);
  return {
    ...{ file, adapter, runtime, date, roofs },
    // Before reports had a commit, their notes told it.
    commit: commit ?? /\bcommit (\w+)/.exec(note)?.[1] ?? '',
    cases: own.length,
    share: own.length > 0 ? geometricMean(own.map(({ share }) => share)) : null,
    peers: peerMeans(sideBySide),
  };
}
