import { type Complaint, complaintsOf } from '../gpu/kernel/compile_error.ts';
import { type Roofs, type Share, shareOfRoof } from '../report/roof.ts';
import type { Finding } from './judge.ts';

export type Timed = Extract<Finding, { kind: 'timed' }>;

/** What findings so far come to. */
export interface Summary {
  /** The kernels whose text the edit changes. */
  readonly changed: readonly string[];
  /** Why it does not compile, and where: nowhere, if that has no place in a module. */
  readonly broken?: { readonly message: string; readonly complaints: readonly Complaint[] };
  readonly failures: readonly string[];
  /** Checks that have passed, that are to be made, and that there are. */
  readonly checked: number;
  readonly wanted: number;
  readonly checks: number;
  /** Empty until all checks to be made have passed. */
  readonly timed: readonly Timed[];
}

export function summarize(findings: readonly Finding[]): Summary {
  let summary: Summary = { changed: [], failures: [], checked: 0, wanted: 0, checks: 0, timed: [] };
  for (const finding of findings)
    switch (finding.kind) {
      case 'changed':
        summary = { ...summary, changed: finding.kernels };
        break;
      case 'broken':
        summary = { ...summary, broken: { message: finding.message, complaints: complaintsOf(finding.message) } };
        break;
      case 'wrong':
        summary = { ...summary, failures: finding.failures, timed: [] };
        break;
      case 'checking':
        summary = { ...summary, checked: finding.passed, wanted: finding.wanted, checks: finding.of };
        break;
      case 'right':
        summary = { ...summary, checked: finding.checked, wanted: finding.checked, checks: finding.of };
        break;
      case 'timed':
        summary = { ...summary, timed: [...summary.timed, finding] };
    }
  return summary;
}

/** Numbers of one way in a comparison. */
export interface Rate {
  readonly way: 'shipped' | 'edited';
  /** Milliseconds: the median of the copies, and half of the range of the middle half. */
  readonly median: number;
  readonly spread: number;
  readonly gflops: number;
  readonly gigabytes: number;
  /** Where the adapter's roofs are known. */
  readonly share?: Share;
}

/** Both ways of a comparison as rates, by what the mathematics needs. */
export const ratesOf = ({ work, comparison }: Timed, roofs?: Roofs): readonly [shipped: Rate, edited: Rate] => {
  const rate = (way: Rate['way'], median: number, spread: number): Rate => ({
    ...{ way, median, spread },
    gflops: work.flops / median / 1e6,
    gigabytes: work.bytes / median / 1e6,
    ...(roofs && { share: shareOfRoof(work, median, roofs) }),
  });
  const { before, after, spread } = comparison;
  return [rate('shipped', before, spread.before), rate('edited', after, spread.after)];
};
