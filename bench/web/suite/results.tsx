import type { Report, Row } from '../../../src/bench/report.ts';
import { busyNote } from '../../../src/bench/roofs.ts';
import { Table } from '../shell/table.tsx';

/** A report as a table, whose bars show how near to this adapter's roof each row comes. */
export function Results({ report: { rows, roofs } }: { report: Report }) {
  const busy = busyNote(roofs);
  return (
    <>
      <p>
        Roofs measured on this adapter: {roofs.gflops.toPrecision(3)} GFLOP/s of multiply-adds,{' '}
        {roofs.gigabytes.toPrecision(3)} GB/s of copying. {busy}
      </p>
      <Table class="rows" heads={['case', 'time', 'GFLOP/s', 'GB/s', 'of the roof']}>
        {rows.map((row) => (
          <ResultRow key={`${row.case} ${row.candidate}`} row={row} />
        ))}
      </Table>
    </>
  );
}

const ResultRow = ({ row }: { row: Row }) => (
  <tr class={row.correct ? undefined : 'failed'}>
    <th scope="row">
      {row.case} <small>{row.candidate === 'default' ? row.kernel : row.candidate}</small>
    </th>
    <td>
      {row.median.toPrecision(3)} <small>± {Number(row.spread.toPrecision(2))} ms</small>
    </td>
    <td>{row.gflops.toPrecision(3)}</td>
    <td>{row.gigabytes.toPrecision(3)}</td>
    <td>
      {row.correct ? `${(100 * row.share).toPrecision(2)} % ${row.bound}` : 'its result is wrong'}
      <Bar share={row.share} bound={row.bound} />
    </td>
  </tr>
);

const Bar = ({ share, bound }: { share: number; bound: string }) => (
  <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
    <rect class="whole" width="100" height="6" />
    <rect class={bound} width={Math.min(100, 100 * share)} height="6" />
  </svg>
);
