import { useEffect, useRef } from 'preact/hooks';
import type { Complaint } from '../../../src/gpu/kernel/compile_error.ts';
import type { LineCost } from '../../../src/workbench/ablation.ts';
import { createEditor, type Editor } from './editor.ts';
import { COMPOSED } from './module_tabs.tsx';

interface EditorPaneProps {
  readonly name: string;
  readonly text: string;
  /** Of any module; those of the one that is shown are marked. */
  readonly complaints: readonly Complaint[];
  readonly costs: readonly LineCost[];
  onEdit(path: string, text: string): void;
}

export function EditorPane({ name, text, complaints, costs, onEdit }: EditorPaneProps) {
  const element = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | undefined>(undefined);
  /** What was typed since the last text from outside: the page hears of it a little later, and by then there may be more. */
  const edited = useRef({ name: '', typed: [] as string[], onEdit });
  edited.current.onEdit = onEdit;
  useEffect(() => {
    editor.current = createEditor(element.current as HTMLElement, (path, typed) => {
      edited.current.typed.push(typed);
      edited.current.onEdit(path, typed);
    });
    return () => editor.current?.destroy();
  }, []);
  useEffect(() => {
    const heard = edited.current.typed.lastIndexOf(text);
    if (edited.current.name === name && heard >= 0) {
      edited.current.typed.splice(0, heard);
      return;
    }
    edited.current.name = name;
    edited.current.typed = [text];
    const isComposed = name === COMPOSED;
    editor.current?.show(name, text, {
      readOnly: isComposed,
      label: isComposed ? 'The composed kernel, to read' : `The module kernels/${name}`,
    });
  }, [name, text]);
  const own = complaints.filter(({ path }) => path === name);
  const ownCosts = costs.filter(({ path }) => path === name);
  // Both are compared by what they say.
  useEffect(() => editor.current?.mark(own), [JSON.stringify(own), name, text]);
  useEffect(() => editor.current?.showCosts(ownCosts), [JSON.stringify(ownCosts), name, text]);
  return <div class="editor" ref={element} />;
}
