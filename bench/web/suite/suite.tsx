import { useState } from 'preact/hooks';
import { toJson } from '../../../src/bench/report.ts';
import { type BenchEvent, resultsOf } from '../../../src/bench/run_bench.ts';
import type { Candidates } from '../../../src/bench/variants.ts';
import type { PageDevice } from '../shell/device.ts';
import { type Streamed, useStream } from '../shell/stream.ts';
import { Results } from './results.tsx';
import { download, useCases, useReport } from './store.ts';
import type { SuiteHandlers } from './worker.ts';

const CANDIDATES: Readonly<Record<Candidates, string>> = {
  default: "the engine's own choice",
  kernels: 'each kernel',
  tilings: 'each tiling of each kernel',
};

/** Times the chosen cases on this device. */
export function Suite({ device }: { device: PageDevice<SuiteHandlers> }) {
  const [pattern, setPattern] = useState('');
  const [all, setAll] = useState(false);
  const [candidates, setCandidates] = useState<Candidates>('default');
  const chosen = useCases(device, { pattern, all });
  const run = useStream(device, 'run');
  const report = useReport(device, run.parts);
  const isReady = device.state.kind === 'ready';
  const file = `bench-${report?.date.slice(0, 10)}`;
  const saveMarkdown = async () => {
    if (report && device.remote) download(`${file}.md`, await device.remote.call('markdown', report), 'text/markdown');
  };
  return (
    <section aria-label="Benchmark">
      <form class="choices" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span>Cases with these words</span>
          <input
            type="text"
            value={pattern}
            placeholder="conv resnet50"
            disabled={run.running}
            onInput={({ currentTarget }) => setPattern(currentTarget.value.trim())}
          />
        </label>
        <label>
          <span>Timed</span>
          <select
            value={candidates}
            disabled={run.running}
            onChange={({ currentTarget }) => setCandidates(currentTarget.value as Candidates)}
          >
            {Object.entries(CANDIDATES).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={all}
            disabled={run.running}
            onChange={({ currentTarget }) => setAll(currentTarget.checked)}
          />
          also those that are not usual
        </label>
        <button
          type="button"
          class="primary"
          disabled={!isReady || run.running || !chosen?.cases.length}
          onClick={() => run.start({ pattern, all, candidates })}
        >
          Run
        </button>
        <button type="button" disabled={!run.running} onClick={run.stop}>
          Stop
        </button>
      </form>
      <progress
        value={Math.max(0, run.parts.length - 1)}
        max={Math.max(1, countOf(run.parts))}
        aria-label="Cases timed"
      />
      <p class="status" role="status" data-state={run.running ? 'running' : 'done'}>
        {statusOf(run, chosen?.cases.length)}
      </p>
      {chosen?.mistake && <p class="mistake">No case has all of these words.</p>}
      {run.mistake && <p class="mistake">{run.mistake}</p>}
      {report && (
        <>
          <Results report={report} />
          <div class="actions">
            <button
              type="button"
              disabled={run.running}
              onClick={() => download(`${file}.json`, toJson(report), 'application/json')}
            >
              Download JSON
            </button>
            <button type="button" disabled={run.running} onClick={saveMarkdown}>
              Download Markdown
            </button>
          </div>
        </>
      )}
    </section>
  );
}

const countOf = ([start]: readonly BenchEvent[]): number => (start?.kind === 'start' ? start.cases.length : 0);

function statusOf({ parts, running }: Streamed<BenchEvent>, waiting: number | undefined): string {
  const [start] = parts;
  if (start?.kind !== 'start') {
    if (running) return "Measuring this adapter's roofs …";
    return waiting === undefined ? 'Looking for the cases …' : `${waiting} cases.`;
  }
  const done = parts.length - 1;
  const { failed } = resultsOf(parts);
  const failures = failed.length > 0 ? `; could not be run: ${failed.join(', ')}` : '';
  if (running) return `${done} of ${start.cases.length} cases${failures}; now ${start.cases[done] ?? ''} …`;
  return `${done < start.cases.length ? 'Ended after ' : ''}${done} of ${start.cases.length} cases${failures}.`;
}
