import { type FunctionText, functionsOf, type Statement } from './statements.ts';

/** A place behind which a function can be cut. What a loop itself takes is found with its first statement. */
export interface Cut {
  /** What the uniform has to be for it. */
  readonly id: number;
  /** Of the statement that ends there, or of the function that begins; from 0, in the text before it could be cut. */
  readonly line: number;
}

/** A kernel's text in which a uniform cuts one function: what stands behind a place is left out, loops around it go on. */
export interface CutText {
  readonly function: string;
  readonly text: string;
  /** In the order of the text; the first is the function's beginning. */
  readonly cuts: readonly Cut[];
}

/** Its value in a function. */
const OWN = 'ablation_own';

/** The uniform's name in `Params`; a value that is no cut's leaves the kernel whole. */
export const CUT = 'ablation_cut';
export const WHOLE = 2 ** 31;

export interface CutOptions {
  /** Whether an `if` is cut inside, too, which ends what has to be reached by all of a workgroup. */
  readonly insideIfs: boolean;
}

/**
 * The text with cuts, for each of its functions that can be: those that return nothing or floats, since what returns other values
 * steers loops, and has more than one statement. The uniform has no value that a compiler could know, so that nothing is left
 * out of a whole kernel. Empty where the kernel has no `Params`.
 */
export function cutTexts(text: string, wanted: (line: number) => boolean, options: CutOptions): CutText[] {
  if (!/^struct Params \{/m.test(text)) return [];
  return functionsOf(text)
    .filter(({ from, returns, statements }) => {
      const canBe = returns === undefined || /^(Value|f32|f16|vec\d|mat\dx\d)/.test(returns);
      return canBe && statements.length > 1 && wanted(lineOf(text, from));
    })
    .map((own) => cutText(text, own, options));
}

function cutText(text: string, { name, returns, from, statements }: FunctionText, { insideIfs }: CutOptions): CutText {
  const cuts: Cut[] = [];
  const inserts: { at: number; text: string }[] = [];
  const leave = returns === undefined ? 'return;' : `return ${returns}();`;
  const note = (place: number): number => {
    cuts.push({ id: cuts.length, line: lineOf(text, place) });
    return cuts.length - 1;
  };
  const insert = (at: number, first: number, last: number, exit: string) => {
    const test = first === last ? `${OWN} == ${first}u` : `(${OWN} >= ${first}u) & (${OWN} <= ${last}u)`;
    inserts.push({ at, text: ` if (${test}) { ${exit} }` });
  };
  const visit = (list: readonly Statement[], exit: string, isBody: boolean) => {
    for (const statement of list) {
      const { from, to, body, jumps } = statement;
      if (jumps) continue;
      const first = cuts.length;
      const isCut = body && (body.kind === 'loop' || insideIfs);
      if (isCut) visit(body.statements, body.kind === 'loop' ? 'continue;' : exit, true);
      // What ends a body is what ends its last statement: a test there would cut nothing and take time in every turn.
      if (!isCut || body.statements.at(-1)?.jumps !== false) note(from);
      if (!isBody || statement !== list.at(-1)) insert(to, first, cuts.length - 1, exit);
    }
  };
  // Read once: a test in a loop should cost as little as it can.
  inserts.push({ at: from, text: ` let ${OWN} = params.${CUT};` });
  insert(from, note(from), 0, leave);
  visit(statements, leave, false);
  let made = text;
  for (const { at, text: inserted } of inserts.reverse().sort((a, b) => b.at - a.at))
    made = made.slice(0, at) + inserted + made.slice(at);
  return { function: name, text: made.replace(/^(struct Params \{[^}]*)\}/m, `$1  ${CUT}: u32,\n}`), cuts };
}

const lineOf = (text: string, place: number): number => text.slice(0, place).split('\n').length - 1;
