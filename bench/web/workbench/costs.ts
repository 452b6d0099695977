// What each line costs, beside it.
import { type Extension, RangeSet, StateEffect, StateField } from '@codemirror/state';
import { type EditorView, GutterMarker, gutter } from '@codemirror/view';
import type { LineCost } from '../../../src/workbench/ablation.ts';

const setCosts = StateEffect.define<RangeSet<GutterMarker>>();

class Cost extends GutterMarker {
  readonly share: number;
  constructor(share: number) {
    super();
    this.share = share;
  }
  override eq(other: Cost) {
    return other.share === this.share;
  }
  override toDOM() {
    const element = document.createElement('span');
    element.className = 'cm-cost';
    element.textContent = `${(100 * this.share).toFixed(this.share < 0.095 ? 1 : 0)} %`;
    element.style.backgroundSize = `${Math.min(100, Math.max(0, 100 * this.share))}% 100%`;
    return element;
  }
}

const field = StateField.define<RangeSet<GutterMarker>>({
  create: () => RangeSet.empty,
  update(costs, { effects, docChanged }) {
    const given = effects.find((effect) => effect.is(setCosts));
    // Lines that move would have other lines' costs.
    return given ? given.value : docChanged ? RangeSet.empty : costs;
  },
});

export const costGutter: Extension = [field, gutter({ class: 'cm-costs', markers: (view) => view.state.field(field) })];

/** Shows the costs of lines of the text that is shown; what is next to nothing is left out. */
export function showCosts(view: EditorView, costs: readonly LineCost[]): void {
  const { doc } = view.state;
  const marks = costs
    .filter(({ line, share }) => line <= doc.lines && share >= 0.002)
    .map(({ line, share }) => new Cost(share).range(doc.line(line).from));
  view.dispatch({ effects: setCosts.of(RangeSet.of(marks, true)) });
}
