import { useState } from 'preact/hooks';
import type { SelfTested } from '../../../src/conformance/self_test.ts';
import type { Streamed } from '../shell/stream.ts';
import { Table } from '../shell/table.tsx';

interface SelfTestProps {
  readonly ops: readonly string[];
  readonly test: Streamed<SelfTested> & { start(ops: readonly string[]): void; stop(): void };
  readonly ready: boolean;
}

/** Holds the kernels of all ops, or of one, to float64. */
export function SelfTest({ ops, test, ready }: SelfTestProps) {
  const { parts, running, mistake, start, stop } = test;
  const [one, setOne] = useState('');
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const run = () => {
    const own = one ? [one] : ops;
    setChosen(own);
    start(own);
  };
  const failures = parts.flatMap((own) => own.failures);
  return (
    <section aria-labelledby="self-test">
      <h2 id="self-test">Kernels, held to float64</h2>
      <p>
        Small problems run with every kernel candidate that this adapter has; outputs and gradients are held to plain
        loops in float64. All ops take a minute or two without a GPU.
      </p>
      <form class="actions" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span>Kernels of</span>
          <select value={one} disabled={running} onChange={({ currentTarget }) => setOne(currentTarget.value)}>
            <option value="">all {ops.length} ops</option>
            {ops.map((op) => (
              <option key={op} value={op}>
                {op}
              </option>
            ))}
          </select>
        </label>
        <button type="button" class="primary" disabled={!ready || running} onClick={run}>
          Test
        </button>
        <button type="button" disabled={!running} onClick={stop}>
          Stop
        </button>
      </form>
      <progress value={parts.length} max={Math.max(1, chosen.length)} aria-label="Ops tested" />
      <p
        class={failures.length > 0 ? 'status mistake' : 'status'}
        role="status"
        data-state={running ? 'running' : 'done'}
      >
        {statusOf(test, chosen)}
      </p>
      {mistake && <p class="mistake">{mistake}</p>}
      {failures.length > 0 && (
        <ul class="mistake">
          {failures.map((failure) => (
            <li key={failure}>{failure}</li>
          ))}
        </ul>
      )}
      {parts.length > 0 && <Tested parts={parts} />}
    </section>
  );
}

const Tested = ({ parts }: { parts: readonly SelfTested[] }) => (
  <Table class="tested" heads={['op', 'candidates', 'checks', 'failed']}>
    {parts.map(({ op, candidates, checks, failures }) => (
      <tr key={op} class={failures.length > 0 ? 'failed' : undefined}>
        <th scope="row">{op}</th>
        <td>{candidates.join(', ')}</td>
        <td>{checks}</td>
        <td>{failures.length}</td>
      </tr>
    ))}
  </Table>
);

function statusOf({ parts, running }: Streamed<SelfTested>, chosen: readonly string[]): string {
  if (chosen.length === 0) return 'Not tested yet.';
  const checks = parts.reduce((sum, own) => sum + own.checks, 0);
  const failed = parts.reduce((sum, own) => sum + own.failures.length, 0);
  const passed = `${checks - failed} of ${checks} checks passed`;
  if (running) return `${parts.length} of ${chosen.length} ops: ${passed}; now ${chosen[parts.length] ?? ''} …`;
  return parts.length < chosen.length
    ? `Ended after ${parts.length} of ${chosen.length} ops: ${passed}.`
    : `${passed}.`;
}
