import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Composed, compose, type Modules } from '../../../src/gpu/kernel/compose.ts';
import type { KernelInfo } from '../../../src/workbench/catalogue.ts';
import type { State } from '../../../src/workbench/state.ts';
import { summarize } from '../../../src/workbench/summary.ts';
import { useDevice } from '../shell/device.ts';
import { Shell, show } from '../shell/shell.tsx';
import { BenchChoice, KernelChoice } from './choices.tsx';
import { createEditor, type Editor } from './editor.ts';
import { COMPOSED, ModuleTabs } from './module_tabs.tsx';
import { Patch } from './patch.tsx';
import { Results } from './results.tsx';
import { type Catalogue, useAddress, useCatalogue, useJudge, useOpenKernel, useRoofs } from './store.ts';
import type { WorkbenchHandlers } from './worker.ts';

/** After a key press the next one may follow; a person who reads waits longer. */
const TYPING = 120;

function App() {
  const device = useDevice<WorkbenchHandlers>();
  const address = useAddress();
  const catalogue = useCatalogue(device);
  return (
    <Shell page="workbench" device={device}>
      <h1>Workbench</h1>
      {address.mistake && (
        <p class="mistake" role="alert">
          {address.mistake}
        </p>
      )}
      {catalogue && address.state ? (
        <Workbench device={device} catalogue={catalogue} state={address.state} change={address.change} />
      ) : (
        <p class="waiting">{device.state.kind === 'lost' ? '' : 'Loading the kernels …'}</p>
      )}
    </Shell>
  );
}

interface WorkbenchProps {
  readonly device: ReturnType<typeof useDevice<WorkbenchHandlers>>;
  readonly catalogue: Catalogue;
  readonly state: State;
  change(state: State): void;
}

function Workbench({ device, catalogue, state, change }: WorkbenchProps) {
  const { kernels, modules: shipped } = catalogue;
  const kernel = kernels.find(({ name }) => name === state.kernel) ?? (kernels[0] as KernelInfo);
  const edits: Modules = useMemo(
    () => Object.fromEntries(Object.entries(state.edits ?? {}).filter(([path, text]) => text !== shipped[path])),
    [state.edits, shipped],
  );
  const texts: Modules = useMemo(() => ({ ...shipped, ...edits }), [shipped, edits]);
  const choice = { kernel: kernel.name, bench: state.bench };
  const open = useOpenKernel(device, choice);
  const { judging, run, stop } = useJudge(device);
  const [auto, setAuto] = useState(true);
  const summary = summarize(judging.findings);
  const roofs = useRoofs(device, summary.timed.length > 0 && !judging.running);
  const composed = useMemo(() => composeIt(kernel, texts), [kernel, texts]);
  const paths = typeof composed === 'string' ? kernel.modules : composed.modules;
  const [tab, setTab] = useState(kernel.path);
  const shown = tab === COMPOSED || paths.includes(tab) ? tab : kernel.path;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef({ state, edits, run, choice });
  latest.current = { state, edits, run, choice };

  const edit = (path: string, text: string) => {
    const { state, run, choice } = latest.current;
    const since = performance.now();
    const next = { ...state, edits: { ...state.edits, [path]: text } };
    change(next);
    clearTimeout(timer.current);
    if (auto) timer.current = setTimeout(() => run(choice, next.edits, since), TYPING);
  };
  const choose = (next: State) => {
    clearTimeout(timer.current);
    stop();
    change(next);
  };
  const runNow = () => {
    clearTimeout(timer.current);
    run(choice, edits);
  };
  const reset = () => {
    const { edits: _, ...rest } = state;
    choose(rest);
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) runNow();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
  // A module that was saved on disk, where the page is served with live reload.
  useEffect(() => {
    const onSave = ({ detail }: CustomEvent<Modules>) => {
      const { state, run, choice } = latest.current;
      const next = { ...state, edits: { ...state.edits, ...detail } };
      change(next);
      run(choice, next.edits);
    };
    addEventListener('kernel-saved', onSave as EventListener);
    return () => removeEventListener('kernel-saved', onSave as EventListener);
  }, []);

  const isReady = device.state.kind === 'ready';
  return (
    <div class="workbench">
      <form class="choices" onSubmit={(event) => event.preventDefault()}>
        <KernelChoice
          kernels={kernels}
          value={kernel.name}
          onChange={(name) => choose({ ...withoutBench(state), kernel: name })}
        />
        <BenchChoice
          benches={open.benches}
          value={state.bench}
          usual={open.opened?.bench}
          onChange={(bench) => choose(bench === undefined ? withoutBench(state) : { ...state, bench })}
        />
        <div class="actions">
          <button type="button" class="primary" disabled={!isReady} onClick={runNow} title="Ctrl+Enter">
            Run
          </button>
          <label>
            <input type="checkbox" checked={auto} onChange={({ currentTarget }) => setAuto(currentTarget.checked)} /> as
            I type
          </label>
          <button type="button" disabled={Object.keys(edits).length === 0} onClick={reset}>
            Back to the shipped kernel
          </button>
        </div>
      </form>
      <section class="code" aria-label="Modules">
        <ModuleTabs
          paths={paths}
          edited={Object.keys(edits)}
          value={shown}
          broken={summary.broken?.complaint?.path}
          onChange={setTab}
        />
        <EditorPane
          name={shown}
          text={shown === COMPOSED ? (typeof composed === 'string' ? composed : composed.text) : (texts[shown] ?? '')}
          complaints={summary.broken?.complaint ? [summary.broken.complaint] : []}
          onEdit={edit}
        />
      </section>
      <section class="results" aria-label="Results" aria-live="polite" aria-busy={judging.running}>
        <Results summary={summary} judging={judging} open={open} roofs={roofs} kernel={kernel.name} onShow={setTab} />
        <Patch shipped={shipped} edits={edits} kernel={kernel.name} />
      </section>
    </div>
  );
}

const withoutBench = ({ bench: _, ...state }: State): State => state;

/** The composed kernel, or why there is none. */
function composeIt(kernel: KernelInfo, texts: Modules): Composed | string {
  try {
    return compose(kernel, texts);
  } catch (error) {
    return `// ${(error as Error).message}`;
  }
}

interface EditorPaneProps {
  readonly name: string;
  readonly text: string;
  readonly complaints: Parameters<Editor['mark']>[0];
  onEdit(path: string, text: string): void;
}

function EditorPane({ name, text, complaints, onEdit }: EditorPaneProps) {
  const element = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | undefined>(undefined);
  const edited = useRef({ name: '', text: '', onEdit });
  edited.current.onEdit = onEdit;
  useEffect(() => {
    editor.current = createEditor(element.current as HTMLElement, (path, typed) => {
      edited.current.name = path;
      edited.current.text = typed;
      edited.current.onEdit(path, typed);
    });
    return () => editor.current?.destroy();
  }, []);
  useEffect(() => {
    // What was typed is there already.
    if (edited.current.name === name && edited.current.text === text) return;
    edited.current.name = name;
    edited.current.text = text;
    const isComposed = name === COMPOSED;
    editor.current?.show(name, text, {
      readOnly: isComposed,
      label: isComposed ? 'The composed kernel, to read' : `The module kernels/${name}`,
    });
  }, [name, text]);
  const own = complaints.filter(({ path }) => path === name);
  const key = JSON.stringify(own);
  // Complaints are compared by what they say.
  useEffect(() => editor.current?.mark(own), [key, name, text]);
  return <div class="editor" ref={element} id="editor" />;
}

show(<App />);
