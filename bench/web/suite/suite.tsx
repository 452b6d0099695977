import { toJson } from '../../../src/bench/report.ts';
import type { Candidates } from '../../../src/bench/variants.ts';
import { PEERS, type PeerName } from '../../peers/names.ts';
import { networks } from '../../peers/networks.ts';
import type { PageDevice } from '../shell/device.ts';
import { type Streamed, useStream } from '../shell/stream.ts';
import { Checks } from './checks.tsx';
import { Results } from './results.tsx';
import type { SuiteEvent } from './run.ts';
import { Beside } from './side_by_side.tsx';
import { benchResults, download, useCases, useChoice, useReport } from './store.ts';
import type { SuiteHandlers } from './worker.ts';

const CANDIDATES: Readonly<Record<Candidates, string>> = {
  default: "the engine's own choice",
  kernels: 'each kernel',
  tilings: 'each tiling of each kernel',
};

const ENGINES = Object.entries(PEERS).map(([name, title]) => ({ value: name as PeerName, title }));
const NETWORKS = networks.map(({ name }) => ({ value: name, title: name.replace('train ', '') }));

/** Times the chosen cases on this device. */
export function Suite({ device }: { device: PageDevice<SuiteHandlers> }) {
  const [choice, change] = useChoice();
  const { pattern, all, candidates, peers, networks: trained, flags } = choice;
  const chosen = useCases(device, choice);
  const run = useStream(device, 'run');
  const report = useReport(device, run.parts, flags);
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
            onInput={({ currentTarget }) => change({ pattern: currentTarget.value })}
          />
        </label>
        <label>
          <span>Timed</span>
          <select
            value={candidates}
            disabled={run.running}
            onChange={({ currentTarget }) => change({ candidates: currentTarget.value as Candidates })}
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
            onChange={({ currentTarget }) => change({ all: currentTarget.checked })}
          />
          also those that are not usual
        </label>
        <Checks
          legend="Beside it, on matrix products and convolutions"
          options={ENGINES}
          chosen={peers}
          disabled={run.running}
          onChange={(own) => change({ peers: own })}
        />
        <Checks
          legend="Training steps"
          options={NETWORKS}
          chosen={trained}
          disabled={run.running}
          onChange={(own) => change({ networks: own })}
        />
        <label>
          <span>Flags of this browser, for the report</span>
          <input
            type="text"
            value={flags}
            placeholder="none"
            onInput={({ currentTarget }) => change({ flags: currentTarget.value })}
          />
        </label>
        <div class="actions">
          <button
            type="button"
            class="primary"
            disabled={!isReady || run.running || !chosen?.cases.length}
            onClick={() => run.start(choice)}
          >
            Run
          </button>
          <button type="button" disabled={!run.running} onClick={run.stop}>
            Stop
          </button>
        </div>
      </form>
      <p class="hint">
        What all engines are compared by has the word <code>peers</code>. They are loaded when they are first run; on a
        processor some take seconds a kernel and half a minute a training step.
      </p>
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
          {report.rows.length > 0 && <Results report={report} />}
          {report.sideBySide && <Beside all={report.sideBySide} />}
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

const countOf = ([start]: readonly SuiteEvent[]): number => (start?.kind === 'start' ? start.cases.length : 0);

function statusOf({ parts, running }: Streamed<SuiteEvent>, waiting: number | undefined): string {
  const [start] = parts;
  if (start?.kind !== 'start') {
    if (running) return "Measuring this adapter's roofs …";
    return waiting === undefined ? 'Looking for the cases …' : `${waiting} cases.`;
  }
  const done = parts.length - 1;
  const { failed } = benchResults(parts);
  const failures = failed.length > 0 ? `; could not be run: ${failed.join(', ')}` : '';
  if (running) return `${done} of ${start.cases.length} cases${failures}; now ${start.cases[done] ?? ''} …`;
  return `${done < start.cases.length ? 'Ended after ' : ''}${done} of ${start.cases.length} cases${failures}.`;
}
