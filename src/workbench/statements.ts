// The statements of a WGSL function, as far as is needed to cut it after each of them.

/** A statement of a text, by its first and last place in it. */
export interface Statement {
  readonly from: number;
  /** Behind its last letter. */
  readonly to: number;
  /** Inside of a loop that a `continue` goes on with, or of an `if` without `else`: from behind { to before }. */
  readonly body?: { readonly kind: 'loop' | 'if'; readonly from: number; readonly statements: readonly Statement[] };
  /** Whether nothing follows it: return, break, continue, discard. */
  readonly jumps: boolean;
}

export interface FunctionText {
  readonly name: string;
  /** Undefined where it returns nothing. */
  readonly returns: string | undefined;
  /** Behind its {. */
  readonly from: number;
  readonly statements: readonly Statement[];
}

/** The same text with blanks in place of comments, so that places stay. */
export const withoutComments = (text: string): string =>
  text.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '));

/** All functions of a text without block comments inside of block comments. */
export function functionsOf(text: string): FunctionText[] {
  const code = withoutComments(text);
  return [...code.matchAll(/\bfn\s+(\w+)\s*\(/g)].map((found) => {
    const behind = closing(code, (found.index ?? 0) + found[0].length - 1);
    const open = code.indexOf('{', behind);
    const [, returns] = /->\s*(?:@\S+\s*)*([\w<>,\s]+?)\s*$/.exec(code.slice(behind, open)) ?? [];
    return { name: found[1] as string, returns, from: open + 1, statements: statementsIn(code, open + 1) };
  });
}

/** The statements from a place to the } that closes their block. */
function statementsIn(code: string, start: number): Statement[] {
  const statements: Statement[] = [];
  let at = skipBlanks(code, start);
  while (code[at] !== '}' && at < code.length) {
    const statement = statementAt(code, at);
    if (statement.to > statement.from + 1) statements.push(statement);
    at = skipBlanks(code, statement.to);
  }
  return statements;
}

function statementAt(code: string, from: number): Statement {
  const [word = ''] = /^\w+/.exec(code.slice(from, from + 12)) ?? [];
  const simple = (): Statement => ({
    from,
    to: endOf(code, from),
    jumps: /^(return|break|continue|discard)$/.test(word),
  });
  if (code[from] === '{') return { from, to: closing(code, from), jumps: false };
  if (!/^(if|for|while|loop|switch)$/.test(word)) return simple();
  const condition = word === 'loop' ? undefined : code.indexOf('(', from);
  const head = condition === undefined ? '' : code.slice(condition, closing(code, condition));
  const open = code.indexOf('{', condition === undefined ? from : closing(code, condition));
  const to = closing(code, open);
  const inner = statementsIn(code, open + 1);
  if (word === 'for' && /;[^;]*\w[^;]*\)$/.test(head))
    return { from, to, jumps: false, body: { kind: 'loop', from: open + 1, statements: inner } };
  if (word !== 'if') return { from, to, jumps: false };
  if (!/^\s*else\b/.test(code.slice(to))) {
    const isGuard = inner.every(({ jumps }) => jumps);
    return { from, to, jumps: false, ...(!isGuard && { body: { kind: 'if', from: open + 1, statements: inner } }) };
  }
  // What is one or the other has no order in which to cut it.
  const next = skipBlanks(code, code.indexOf('else', to) + 4);
  return { from, to: statementAt(code, next).to, jumps: false };
}

/** Behind the ; that ends a simple statement. */
function endOf(code: string, from: number): number {
  for (let at = from; at < code.length; at++) {
    if (code[at] === '(' || code[at] === '[') at = closing(code, at) - 1;
    if (code[at] === ';') return at + 1;
    if (code[at] === '}') return at;
  }
  return code.length;
}

const PAIRS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** Behind what closes the bracket at a place. */
function closing(code: string, open: number): number {
  const [one, other] = [code[open] as string, PAIRS[code[open] as string]];
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    if (code[at] === one) depth += 1;
    if (code[at] === other) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return code.length;
}

function skipBlanks(code: string, from: number): number {
  let at = from;
  while (/\s/.test(code[at] ?? '')) at += 1;
  return at;
}
