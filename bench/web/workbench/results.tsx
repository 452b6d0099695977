import { inWords, verdictOf } from '../../../src/bench/comparison.ts';
import { capital } from '../../../src/report/capital.ts';
import type { Roofs } from '../../../src/report/roof.ts';
import { type Rate, ratesOf, type Summary, type Timed } from '../../../src/workbench/summary.ts';
import { Table } from '../shell/table.tsx';
import { Roofline } from './roofline.tsx';
import type { Judging, OpenKernel } from './store.ts';

interface ResultsProps {
  readonly summary: Summary;
  readonly judging: Judging;
  readonly open: OpenKernel;
  readonly roofs: Roofs | undefined;
  readonly kernel: string;
  /** Shows a module. */
  onShow(path: string): void;
}

/** What a run has found, in the order in which it is known. */
export function Results({ summary, judging, open, roofs, kernel, onShow }: ResultsProps) {
  const { broken, failures, timed } = summary;
  const mistake = judging.mistake ?? open.mistake;
  const [first, ...others] = timed;
  return (
    <>
      <h2 class={`verdict ${toneOf(summary, first)}`} data-state={judging.running ? 'running' : 'done'}>
        {titleOf(summary, judging, open, first)}
      </h2>
      <p class="status">{statusOf(summary, judging, open, kernel)}</p>
      {mistake && <p class="mistake">{mistake}</p>}
      {broken && <Broken {...broken} onShow={onShow} />}
      {failures.length > 0 && (
        <ul class="mistake">
          {failures.map((failure) => (
            <li key={failure}>{failure}</li>
          ))}
        </ul>
      )}
      {first && <Numbers timed={first} roofs={roofs} />}
      {others.length > 0 && (
        <ul class="others" aria-label="Other kernels that the edit changes">
          {others.map((other) => (
            <li key={other.kernel}>
              <code>{other.kernel}</code>: {inWords(other.comparison)} <small>({other.bench})</small>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** What a compiler has against the edit, at its places. */
function Broken({ message, complaints, onShow }: NonNullable<Summary['broken']> & Pick<ResultsProps, 'onShow'>) {
  if (complaints.length === 0) return <p class="mistake">{message}</p>;
  return (
    <ul class="mistake">
      {complaints.map(({ path, line, column, message }) => (
        <li key={`${path}:${line}:${column} ${message}`}>
          <button type="button" class="place" onClick={() => onShow(path)}>
            {path}, line {line}
          </button>
          {`: ${message}`}
        </li>
      ))}
    </ul>
  );
}

/** Both ways in numbers, and where they lie below the adapter's roofs. */
function Numbers({ timed, roofs }: { timed: Timed; roofs: Roofs | undefined }) {
  const rates = ratesOf(timed, roofs);
  return (
    <>
      <Table caption={timed.bench} heads={['kernel', 'time', 'GFLOP/s', 'GB/s', 'of the roof']}>
        {rates.map((rate) => (
          <Row key={rate.way} rate={rate} />
        ))}
      </Table>
      <Roofline rates={rates} work={timed.work} roofs={roofs} />
    </>
  );
}

const Row = ({ rate: { way, median, spread, gflops, gigabytes, share } }: { rate: Rate }) => (
  <tr>
    <th scope="row">
      <span class={`mark ${way}`} /> {way}
    </th>
    <td>
      {milliseconds(median)} <small>± {milliseconds(spread)} ms</small>
    </td>
    <td>{gflops.toPrecision(3)}</td>
    <td>{gigabytes.toPrecision(3)}</td>
    <td>{share ? `${(100 * share.share).toFixed(0)} %` : '…'}</td>
  </tr>
);

const milliseconds = (value: number): string => (value === 0 ? '0' : value.toPrecision(value < 0.1 ? 2 : 3));

function titleOf(
  { broken, failures, checked, wanted, checks }: Summary,
  judging: Judging,
  open: OpenKernel,
  first: Timed | undefined,
) {
  if (broken) return 'It does not compile';
  if (failures.length > 0) return 'It computes something else';
  if (first) return capital(inWords(first.comparison));
  if (judging.running) return checked > 0 && checked === wanted ? 'It is right; now its time …' : 'Checking …';
  if (checks > 0) return 'It is right';
  return open.opened || open.mistake ? 'Ready' : 'Preparing the kernel …';
}

function statusOf(
  { failures, checked, wanted, checks, changed, broken }: Summary,
  judging: Judging,
  { opened }: OpenKernel,
  kernel: string,
) {
  if (broken) return 'Nothing is checked or timed.';
  if (failures.length > 0) return 'What is wrong is not timed.';
  if (judging.findings.length === 0)
    return opened
      ? `${opened.checks} checks run it, gradients included; ${opened.bench ? `it is timed on ${opened.bench}` : 'no benchmark does, so it is checked alone'}.`
      : ' ';
  if (changed.length > 0 && !changed.includes(kernel))
    return `The edit changes ${changed.length} kernels, but not ${kernel}: choose one of ${changed.slice(0, 3).join(', ')}.`;
  const others =
    changed.length > 1
      ? `; the edit changes ${changed.length - 1} more ${changed.length > 2 ? 'kernels' : 'kernel'}`
      : '';
  const after =
    judging.verdictAfter === undefined ? '' : `; verdict after ${(judging.verdictAfter / 1000).toFixed(2)} s`;
  return capital(`${checksPassed(checked, wanted, checks)}${others}${after}.`);
}

function checksPassed(checked: number, wanted: number, checks: number): string {
  if (checks === 0) return 'Its text is being looked at';
  if (checked < wanted) return `${checked} of ${wanted} checks have passed`;
  if (checked === checks) return `all ${checks} checks have passed`;
  return (
    `${checked} checks have passed, which launch it with each switch on and off, in the tile that is timed, on sizes that ` +
    `no tile divides and for gradients; Run makes all ${checks} at once`
  );
}

function toneOf({ broken, failures }: Summary, first: Timed | undefined): string {
  if (broken || failures.length > 0) return 'wrong';
  if (!first) return 'open';
  return verdictOf(first.comparison);
}
