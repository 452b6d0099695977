import { useEffect, useState } from 'preact/hooks';
import type { ResultSummary } from '../../../src/bench/result_summary.ts';
import { Table } from '../shell/table.tsx';

/** The reports that the site was built with, the newest first; none until they are here. */
export function useAllResults(): readonly ResultSummary[] {
  const [results, setResults] = useState<readonly ResultSummary[]>([]);
  useEffect(() => {
    fetch('results/index.json')
      .then((response) => response.json())
      .then(setResults, () => {});
  }, []);
  return results;
}

/** Where a report of the site is. */
export const addressOf = ({ file }: ResultSummary): string => `results/${file}`;

/** All reports that were handed in, a row each. */
export function AllResults({ results }: { results: readonly ResultSummary[] }) {
  return (
    <section aria-labelledby="all">
      <h2 id="all">All results</h2>
      <p>
        What lies in <code>bench/results</code>. To add a device, run the usual cases beside all engines, download the
        JSON, and put it there in a pull request: the table then has a row more. Shares of the roof, and how many times
        longer others take, are geometric means over the cases.
      </p>
      <Table class="all" heads={['adapter', 'cases', 'of the roof', 'others: kernels', 'others: steps']}>
        {results.map((result) => (
          <tr key={result.file}>
            <th scope="row">
              <a href={addressOf(result)}>{result.adapter}</a>
              <small>
                {result.runtime.replace(/^coin-webgpu \S+( at \S+)?, /, '')}; {result.date.slice(0, 10)}
                {result.commit && `, commit ${result.commit}`}
              </small>
            </th>
            <td>{result.cases || '–'}</td>
            <td>{result.share === null ? '–' : `${(100 * result.share).toPrecision(2)} %`}</td>
            <Means of={result.peers.kernels} />
            <Means of={result.peers.training} />
          </tr>
        ))}
      </Table>
    </section>
  );
}

const Means = ({ of }: { of: Readonly<Record<string, number>> }) => (
  <td>
    {Object.entries(of).map(([peer, mean]) => (
      <div key={peer}>
        {mean.toPrecision(3)} × <small>{peer}</small>
      </div>
    ))}
    {Object.keys(of).length === 0 && '–'}
  </td>
);
