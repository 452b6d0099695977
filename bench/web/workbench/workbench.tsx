import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Composed, compose, type Modules } from '../../../src/gpu/kernel/compose.ts';
import type { KernelInfo } from '../../../src/workbench/catalogue.ts';
import type { State } from '../../../src/workbench/state.ts';
import { summarize } from '../../../src/workbench/summary.ts';
import type { PageDevice } from '../shell/device.ts';
import { useStream } from '../shell/stream.ts';
import { BenchChoice, KernelChoice } from './choices.tsx';
import { Constants } from './constants.tsx';
import { EditorPane } from './editor_pane.tsx';
import { Explore } from './explore.tsx';
import { COMPOSED, ModuleTabs } from './module_tabs.tsx';
import { Patch } from './patch.tsx';
import { Results } from './results.tsx';
import { type Catalogue, useJudge, useOpenKernel, useRoofs } from './store.ts';
import type { Edited, WorkbenchHandlers } from './worker.ts';

/** After a key press the next one may follow; a person who reads waits longer. */
const TYPING = 40;

interface WorkbenchProps {
  readonly device: PageDevice<WorkbenchHandlers>;
  readonly catalogue: Catalogue;
  readonly state: State;
  change(state: State): void;
}

export function Workbench({ device, catalogue, state, change }: WorkbenchProps) {
  const { kernels, modules: shipped } = catalogue;
  const kernel = kernels.find(({ name }) => name === state.kernel) ?? (kernels[0] as KernelInfo);
  const open = useOpenKernel(device, { kernel: kernel.name, bench: state.bench });
  const { judging, run, stop } = useJudge(device);
  const ablation = useStream(device, 'ablate');
  const search = useStream(device, 'search');
  const [auto, setAuto] = useState(true);
  const summary = summarize(judging.findings);
  const roofs = useRoofs(device, summary.timed.length > 0 && !judging.running);

  const edits = useMemo(() => editsOf(state, shipped), [state.edits, shipped]);
  const texts: Modules = useMemo(() => ({ ...shipped, ...edits }), [shipped, edits]);
  const composed = useMemo(() => composeIt(kernel, texts), [kernel, texts]);
  const paths = typeof composed === 'string' ? kernel.modules : composed.modules;
  const [tab, setTab] = useState(kernel.path);
  const shown = tab === COMPOSED || paths.includes(tab) ? tab : kernel.path;

  const editedOf = (own: State): Edited => ({
    ...{ kernel: kernel.name, bench: own.bench },
    ...{ edits: editsOf(own, shipped), constants: own.constants ?? {} },
  });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const halt = () => {
    clearTimeout(timer.current);
    for (const other of [ablation, search]) other.stop();
  };
  /** Judges a state with all checks at once or, where a person may go on typing, with a few a little later. */
  const judge = (own: State, later = false) => {
    const since = performance.now();
    halt();
    if (later) timer.current = setTimeout(() => run({ ...editedOf(own), extent: 'covering' }, since), TYPING);
    else run({ ...editedOf(own), extent: 'all' }, since);
  };
  const update = (next: State) => {
    change(next);
    if (auto) judge(next, true);
  };
  const edit = (path: string, text: string) => update({ ...state, edits: { ...state.edits, [path]: text } });
  /** Another kernel or shape, which has no findings yet. */
  const choose = (next: State) => {
    halt();
    stop();
    change(next);
  };
  const latest = useRef({ state, change, judge });
  latest.current = { state, change, judge };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) latest.current.judge(latest.current.state);
    };
    // A module that was saved on disk, where the page is served with live reload.
    const onSave = (event: Event) => {
      const { state, change, judge } = latest.current;
      const next = { ...state, edits: { ...state.edits, ...(event as CustomEvent<Modules>).detail } };
      change(next);
      judge(next, true);
    };
    addEventListener('keydown', onKey);
    addEventListener('kernel-saved', onSave);
    return () => {
      removeEventListener('keydown', onKey);
      removeEventListener('kernel-saved', onSave);
    };
  }, []);

  const isReady = device.state.kind === 'ready';
  const path = shown === COMPOSED ? kernel.path : shown;
  const isShipped = Object.keys(edits).length === 0 && Object.keys(state.constants ?? {}).length === 0;
  const complaints = summary.broken?.complaints ?? [];
  return (
    <div class="workbench">
      <form class="choices" onSubmit={(event) => event.preventDefault()}>
        <KernelChoice kernels={kernels} value={kernel.name} onChange={(name) => choose(ofKernel(state, name))} />
        <BenchChoice
          benches={open.benches}
          value={state.bench}
          usual={open.opened?.bench}
          onChange={(bench) => choose({ ...ofKernel(state, kernel.name), ...(bench !== undefined && { bench }) })}
        />
        <div class="actions">
          <button type="button" class="primary" disabled={!isReady} onClick={() => judge(state)} title="Ctrl+Enter">
            Run
          </button>
          <label>
            <input type="checkbox" checked={auto} onChange={({ currentTarget }) => setAuto(currentTarget.checked)} />
            as I type
          </label>
          <button type="button" disabled={isShipped} onClick={() => choose(asShipped(state))}>
            Back to the shipped kernel
          </button>
        </div>
      </form>
      <section class="code" aria-label="Modules">
        <ModuleTabs
          paths={paths}
          edited={Object.keys(edits)}
          value={shown}
          broken={complaints.map(({ path }) => path)}
          onChange={setTab}
        />
        <EditorPane
          name={shown}
          text={shown === COMPOSED ? (typeof composed === 'string' ? composed : composed.text) : (texts[shown] ?? '')}
          complaints={complaints}
          costs={ablation.parts.flatMap(({ lines }) => lines)}
          onEdit={edit}
        />
        <Constants
          shipped={open.opened?.constants ?? kernel.constants}
          chosen={state.constants ?? {}}
          onChange={(constants) => update({ ...state, constants })}
        />
      </section>
      <section class="results" aria-label="Results" aria-live="polite" aria-busy={judging.running}>
        <Results {...{ summary, judging, open, roofs }} kernel={kernel.name} onShow={setTab} />
        <Explore
          {...{ path, ablation, search }}
          ready={isReady && open.opened?.bench !== undefined && !judging.running}
          onAblate={() => ablation.start({ ...editedOf(state), path })}
          onSearch={() => search.start(editedOf(state))}
          onStop={halt}
          onTake={(constants) => update({ ...state, constants: { ...state.constants, ...constants } })}
        />
        <Patch shipped={shipped} edits={edits} kernel={kernel.name} />
      </section>
    </div>
  );
}

const editsOf = ({ edits = {} }: State, shipped: Modules): Modules =>
  Object.fromEntries(Object.entries(edits).filter(([path, text]) => text !== shipped[path]));

/** Shapes and constants are those of one kernel; edits of modules may be part of others. */
const ofKernel = ({ edits = {} }: State, kernel: string): State => ({ kernel, edits });

const asShipped = ({ kernel, bench }: State): State => ({ kernel, ...(bench !== undefined && { bench }) });

/** The composed kernel, or why there is none. */
function composeIt(kernel: KernelInfo, texts: Modules): Composed | string {
  try {
    return compose(kernel, texts);
  } catch (error) {
    return `// ${(error as Error).message}`;
  }
}
