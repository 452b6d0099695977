// What takes longer than a verdict: where the time goes, and which constants take least of it.
import type { Ablation } from '../../../src/workbench/ablation.ts';
import type { Trial } from '../../../src/workbench/search.ts';
import type { Streamed } from '../shell/stream.ts';

interface ExploreProps {
  readonly ready: boolean;
  /** The module whose functions are cut. */
  readonly path: string;
  readonly ablation: Streamed<Ablation>;
  readonly search: Streamed<Trial>;
  onAblate(): void;
  onSearch(): void;
  onStop(): void;
  /** Takes the constants of a trial. */
  onTake(constants: Readonly<Record<string, number>>): void;
}

export function Explore({ ready, path, ablation, search, onAblate, onSearch, onStop, onTake }: ExploreProps) {
  const isBusy = ablation.running || search.running;
  return (
    <div class="explore">
      <div class="actions">
        <button type="button" disabled={!ready || isBusy} onClick={onAblate}>
          Where the time goes
        </button>
        <button type="button" disabled={!ready || isBusy} onClick={onSearch}>
          Tune the constants
        </button>
        {isBusy && (
          <button type="button" onClick={onStop}>
            Stop
          </button>
        )}
      </div>
      {ablation.mistake && <p class="mistake">{ablation.mistake}</p>}
      {(ablation.running || ablation.parts.length > 0) && <Costs path={path} ablation={ablation} />}
      {search.mistake && <p class="mistake">{search.mistake}</p>}
      {(search.running || search.parts.length > 0) && <Log search={search} onTake={onTake} />}
    </div>
  );
}

function Costs({ path, ablation: { parts, running } }: { path: string; ablation: Streamed<Ablation> }) {
  return (
    <div class="costs">
      <h2>Where the time goes</h2>
      <p class="status">
        Each function of {path} is cut behind each of its statements by a uniform: what a line costs stands beside it,
        by the time of all.
      </p>
      <ul>
        {parts.map(({ function: name, whole, lines }) => (
          <li key={name}>
            <code>{name}</code> of {whole.toPrecision(3)} ms: {dearest(lines)}
          </li>
        ))}
        {running && <li>measuring …</li>}
      </ul>
    </div>
  );
}

/** The lines that cost most, in words, for those who do not see what stands beside them. */
const dearest = (lines: Ablation['lines']): string =>
  [...lines]
    .sort((one, other) => other.share - one.share)
    .slice(0, 3)
    .map(({ line, share }) => `line ${line} ${(100 * share).toFixed(0)} %`)
    .join(', ');

const WORDS: Readonly<Record<Trial['verdict'], string>> = {
  start: 'begins',
  faster: 'taken',
  'no faster': 'left',
  out: 'out',
  wrong: 'cannot be',
  roof: 'at the roof',
  end: 'the best',
};

function Log({ search: { parts, running }, onTake }: { search: Streamed<Trial>; onTake: ExploreProps['onTake'] }) {
  const [first] = parts;
  const last = parts.at(-1);
  const isOver = last?.verdict === 'end' || last?.verdict === 'roof';
  return (
    <div class="log">
      <h2>Constants that were tried</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <ol tabIndex={0} aria-label="Constants that were tried">
        {parts.map((trial, index) => (
          <li key={index} class={trial.verdict.replace(' ', '-')}>
            <b>{WORDS[trial.verdict]}</b> <code>{changes(first, trial)}</code>
            {trial.milliseconds !== undefined && ` ${trial.milliseconds.toPrecision(3)} ms`}: {trial.why}
          </li>
        ))}
        {running && <li>measuring …</li>}
      </ol>
      {isOver && last && changes(first, last) !== '' && (
        <button type="button" class="primary" onClick={() => onTake(last.constants)}>
          Take these constants
        </button>
      )}
    </div>
  );
}

/** What differs from the constants that it began with. */
const changes = (first: Trial | undefined, { constants }: Trial): string =>
  Object.entries(constants)
    .filter(([name, value]) => first?.constants[name] !== value)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
