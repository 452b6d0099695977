import { useState } from 'preact/hooks';
import { type CompareReports, compareReports, parseReport } from '../../../src/bench/compare_reports.ts';
import { inWords } from '../../../src/bench/comparison.ts';
import type { Report } from '../../../src/bench/report.ts';
import type { ResultSummary } from '../../../src/bench/result_summary.ts';
import { Table } from '../shell/table.tsx';
import { addressOf } from './all_results.tsx';

type Side = 'before' | 'after';
const SIDES: readonly Side[] = ['before', 'after'];

/** Two reports side by side, downloaded ones or the site's own: two machines, or before and after a change. */
export function CompareFiles({ results }: { results: readonly ResultSummary[] }) {
  const [reports, setReports] = useState<Partial<Record<Side, Report>>>({});
  const [mistake, setMistake] = useState('');
  const read = async (side: Side, name: string, text: () => Promise<string>) => {
    setMistake('');
    setReports(({ [side]: _, ...others }) => others);
    try {
      const report = parseReport(name, await text());
      setReports((earlier) => ({ ...earlier, [side]: report }));
    } catch (error) {
      setMistake((error as Error).message);
    }
  };
  const { before, after } = reports;
  const compared = before && after ? compare(before, after) : undefined;
  return (
    <section aria-labelledby="compare">
      <h2 id="compare">Two reports compared</h2>
      <div class="choices">
        {SIDES.map((side) => (
          <fieldset key={side}>
            <legend>{side === 'before' ? 'Before, or one machine' : 'After, or another machine'}</legend>
            <label>
              <span>one of all results</span>
              <select
                onChange={({ currentTarget: { value } }) =>
                  value && read(side, value, async () => (await fetch(value)).text())
                }
              >
                <option value="">–</option>
                {results.map((result) => (
                  <option key={result.file} value={addressOf(result)}>
                    {result.file.replace('.json', '')}
                  </option>
                ))}
              </select>
            </label>
            <label>
              <span>or a JSON file</span>
              <input
                type="file"
                accept=".json,application/json"
                onChange={({ currentTarget: { files } }) =>
                  files?.[0] && read(side, files[0].name, () => (files[0] as File).text())
                }
              />
            </label>
            {reports[side] && (
              <small>
                {reports[side].adapter}, {reports[side].runtime}, {reports[side].date.slice(0, 10)}
              </small>
            )}
          </fieldset>
        ))}
      </div>
      {mistake && <p class="mistake">{mistake}</p>}
      {typeof compared === 'string' && <p class="mistake">{compared}</p>}
      {compared && typeof compared !== 'string' && <Compared {...compared} />}
    </section>
  );
}

function compare(before: Report, after: Report): CompareReports | string {
  try {
    return compareReports(before, after);
  } catch (error) {
    return (error as Error).message;
  }
}

function Compared({ rows, mean, alone }: CompareReports) {
  return (
    <>
      <p class="mean">
        Over {rows.length} {rows.length === 1 ? 'case' : 'cases'}, the second takes {mean.toPrecision(3)} times as long
        (geometric mean). {alone.length > 0 && `${alone.length} more are in one of the two alone. `}A driver places the
        code of a kernel anew each time: on a processor, differences below a tenth may be that.
      </p>
      <Table class="compared" heads={['case', 'before', 'after', 'the second is']}>
        {rows.map((row) => (
          <tr key={row.case}>
            <th scope="row">{row.case}</th>
            <td>{row.before.toPrecision(3)} ms</td>
            <td>{row.after.toPrecision(3)} ms</td>
            <td>{inWords(row)}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}
