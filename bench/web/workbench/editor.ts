// CodeMirror in a shadow root: there it adopts style sheets, so that the page's policy need not allow inline styles.
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { EditorState } from '@codemirror/state';
import { EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { Complaint } from '../../../src/gpu/kernel/compile_error.ts';
import type { LineCost } from '../../../src/workbench/ablation.ts';
import { costGutter, showCosts } from './costs.ts';
import { wgsl } from './wgsl.ts';

export interface Editor {
  /** Shows a text, with the history of edits that it had when it was last shown under that name. */
  show(name: string, text: string, options: { readonly readOnly: boolean; readonly label: string }): void;
  /** Marks what a compiler has against the text that is shown. */
  mark(complaints: readonly Complaint[]): void;
  /** Shows what lines cost, until the text changes. */
  showCosts(costs: readonly LineCost[]): void;
  destroy(): void;
}

/** An editor in an element; `onEdit` hears of what a person types, and of nothing that `show` does. */
export function createEditor(parent: HTMLElement, onEdit: (name: string, text: string) => void): Editor {
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: 'open' });
  const states = new Map<string, EditorState>();
  let current = '';
  const listener = EditorView.updateListener.of(({ docChanged, state }) => {
    if (docChanged) onEdit(current, state.doc.toString());
  });
  const stateOf = (doc: string, readOnly: boolean, label: string) =>
    EditorState.create({
      doc,
      extensions: [
        ...common,
        EditorState.readOnly.of(readOnly),
        EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
        listener,
      ],
    });
  const view = new EditorView({ parent: root, root, state: stateOf('', true, 'No module') });
  return {
    show(name, text, { readOnly, label }) {
      if (current) states.set(current, view.state);
      const known = states.get(name);
      current = name;
      view.setState(known?.doc.toString() === text ? known : stateOf(text, readOnly, label));
    },
    mark(complaints) {
      const { doc } = view.state;
      const diagnostics = complaints.map(({ line, column, message }) => {
        const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines));
        const start = Math.min(from + column - 1, to);
        const word = /^\w+/.exec(doc.sliceString(start, to))?.[0].length ?? 1;
        return { from: start, to: Math.min(start + word, to), severity: 'error' as const, message };
      });
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
    showCosts: (costs) => showCosts(view, costs),
    destroy: () => view.destroy(),
  };
}

/** Tab leaves the editor, as everywhere on the page; lines are indented by Ctrl-] and Ctrl-[. */
const common = [
  lineNumbers(),
  costGutter,
  lintGutter(),
  history(),
  indentOnInput(),
  indentUnit.of('  '),
  bracketMatching(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  highlightSelectionMatches(),
  search({ top: true }),
  keymap.of([
    ...defaultKeymap.filter(({ key }) => key !== 'Mod-Enter'),
    ...historyKeymap,
    ...searchKeymap,
    ...lintKeymap,
  ]),
  wgsl,
  syntaxHighlighting(
    HighlightStyle.define([
      { tag: tags.keyword, color: 'var(--code-keyword)' },
      { tag: [tags.typeName, tags.atom], color: 'var(--code-type)' },
      { tag: tags.number, color: 'var(--code-number)' },
      { tag: tags.comment, color: 'var(--muted)' },
      { tag: [tags.meta, tags.annotation], color: 'var(--code-meta)' },
      { tag: tags.function(tags.variableName), color: 'var(--code-function)' },
    ]),
  ),
  EditorView.theme({
    '&': { height: '100%', backgroundColor: 'var(--plot)', color: 'var(--ink)', fontSize: '0.82rem' },
    '&.cm-focused': { outline: '2px solid var(--link)', outlineOffset: '-1px' },
    '.cm-scroller': {
      fontFamily: 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
      lineHeight: '1.5',
    },
    '.cm-content': { caretColor: 'var(--ink)' },
    '.cm-gutters': { backgroundColor: 'var(--plot)', color: 'var(--muted)', border: '0' },
    '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--tint)' },
    '.cm-selectionMatch': { backgroundColor: 'var(--faint)' },
    '.cm-tooltip, .cm-panels': {
      backgroundColor: 'var(--tooltip)',
      color: 'var(--ink)',
      border: '1px solid var(--axis)',
    },
    '.cm-cost': {
      display: 'block',
      minWidth: '3.6em',
      padding: '0 .4em',
      textAlign: 'right',
      color: 'var(--ink)',
      backgroundImage: 'linear-gradient(var(--cost), var(--cost))',
      backgroundRepeat: 'no-repeat',
      backgroundPosition: 'right',
    },
    '.cm-diagnostic-error': { borderLeft: '4px solid var(--wrong)' },
    '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--wrong)' },
  }),
];
