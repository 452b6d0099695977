/**
 * From kernel modules (`kernels/**.wgsl`) to one WGSL text a kernel, in the build, at run time and in a workbench.
 * A module is WGSL with directives, each a comment line of its own:
 *
 *     // @kernel NAME [FLAG | key=value ...]   a kernel that this module makes; it may make several
 *     // @variant SUFFIX FLAG ...              each kernel of the lines above once more, with these flags
 *     // @include PATH                         another module, once a kernel; {key} in PATH is the kernel's value
 *     // @needs NAME ...                       what the other modules of the kernel have to declare
 *     // @if FLAG | !FLAG | A & B | A | B      the lines up to @elif, @else or @end are kept where that holds
 *
 * Kept lines are copied as they are, and `enable` lines move to the top, so a compiler's column is a module's column, and
 * `places` turns its line into a module's line.
 */

/** A kernel as a module declares it. */
export interface Recipe {
  /** FAMILY/NAME, for example `conv2d/forward_tile`. */
  readonly name: string;
  /** The module that declares it, below `kernels/`. */
  readonly path: string;
  readonly flags: readonly string[];
  readonly values: Readonly<Record<string, string>>;
}

/** Texts by their path below `kernels/`. */
export type Modules = Readonly<Record<string, string>>;

/** A line of a module, counted from 1. */
export interface Place {
  readonly path: string;
  readonly line: number;
}

/** Where a module's file is: of this package below `kernels/`, or where its own program has it (paths that begin with `./`). */
export const fileOf = (path: string): string => (path.startsWith('./') ? path.slice(2) : `kernels/${path}`);

export interface Composed {
  readonly text: string;
  /** Where each line of the text comes from. */
  readonly places: readonly Place[];
  /** The modules in the order in which they were included. */
  readonly modules: readonly string[];
}

/** A line of a module with the conditions under which it is kept. */
interface Line extends Place {
  readonly text: string;
  /** Empty for a line of WGSL. */
  readonly directive: string;
  readonly rest: string;
  readonly condition?: Condition;
}

/** A branch of an `@if`: it is kept where `test` holds (always, for @else) and no test of an earlier branch did. */
interface Condition {
  readonly test: string | undefined;
  readonly earlier: readonly string[];
}

const DIRECTIVE = /^\s*\/\/ @(\w+)\b\s*(.*?)\s*$/;
const DIRECTIVES = ['kernel', 'variant', 'include', 'needs', 'if', 'elif', 'else', 'end'];
const DECLARATION = /^(?:@\S+\s+)*(?:fn|struct|const|alias|override|var(?:<[^>]*>)?)\s+(\w+)/;
const TEST = /^!?\w+(?:\s*[|&]\s*!?\w+)*$/;

/** The kernels that a module makes. Throws where a line that declares one cannot be read. */
export function recipesOf(path: string, text: string): Recipe[] {
  const family = path.slice(0, path.lastIndexOf('/') + 1);
  const recipes: Recipe[] = [];
  for (const line of linesOf(path, text)) {
    if (line.directive !== 'kernel' && line.directive !== 'variant') continue;
    if (line.condition) fail(line, `@${line.directive}`, `@${line.directive} inside of an @if`);
    const [name = '', ...words] = line.rest.split(/\s+/);
    if (!/^\w+$/.test(name)) fail(line, name, `"${name}" is no name`);
    const wrong = words.find((word) => !/^\w+(=\w+)?$/.test(word));
    if (wrong) fail(line, wrong, `"${wrong}" is neither a FLAG nor key=value`);
    const flags = words.filter((word) => !word.includes('='));
    const values = Object.fromEntries(words.filter((word) => word.includes('=')).map((word) => word.split('=')));
    const bases = line.directive === 'kernel' ? [{ name: family, flags: [], values: {} }] : [...recipes];
    for (const base of bases)
      recipes.push({
        name: base.name + name,
        path,
        flags: [...base.flags, ...flags],
        values: { ...base.values, ...values },
      });
  }
  return recipes;
}

/** Every flag that a module tests, with where it does, as `kernels/PATH:LINE:COLUMN`. */
export function testsOf(path: string, text: string): { flag: string; where: string }[] {
  return linesOf(path, text)
    .filter(({ directive }) => directive === 'if' || directive === 'elif')
    .flatMap((line) => flagsOf(line.rest).map((flag) => ({ flag, where: whereOf(line, flag) })));
}

/** One kernel's text. Throws `kernels/PATH:LINE:COLUMN: why` where its modules do not fit together. */
export function compose(recipe: Recipe, modules: Modules): Composed {
  const { name: kernel, flags, values } = recipe;
  const included = new Set<string>();
  const enables: Line[] = [];
  const body: Line[] = [];
  const declared = new Map<string, Line>();
  const needed: { name: string; line: Line }[] = [];

  const add = (path: string, text: string): void => {
    included.add(path);
    for (const line of linesOf(path, text)) {
      if (line.condition && !holds(line.condition)) continue;
      if (line.directive === 'include') include(line);
      if (line.directive === 'needs') needed.push(...line.rest.split(/\s+/).map((name) => ({ name, line })));
      if (line.directive) continue;
      if (!/^enable\s/.test(line.text)) declare(line);
      else if (enables.every(({ text }) => text !== line.text)) enables.push(line);
    }
  };
  const include = (line: Line): void => {
    const path = line.rest.replace(
      /\{(\w+)\}/g,
      (_, key: string) => values[key] ?? fail(line, key, `${kernel} has no ${key}=`),
    );
    const text = modules[path] ?? fail(line, line.rest, `there is no ${fileOf(path)}, which ${kernel} includes`);
    if (!included.has(path)) add(path, text);
  };
  const declare = (line: Line): void => {
    body.push(line);
    const name = DECLARATION.exec(line.text)?.[1];
    if (name === undefined) return;
    const before = declared.get(name);
    if (before) fail(line, name, `"${name}" is declared in ${fileOf(before.path)}:${before.line} too (in ${kernel})`);
    declared.set(name, line);
  };
  const holds = ({ test, earlier }: Condition): boolean =>
    !earlier.some(isTrue) && (test === undefined || isTrue(test));
  const isTrue = (test: string): boolean =>
    test.split('|').some((all) => all.split('&').every((term) => flags.includes(bare(term)) !== term.includes('!')));

  add(recipe.path, modules[recipe.path] ?? '');
  for (const { name, line } of needed)
    if (!declared.has(name)) fail(line, name, `"${name}" is needed, but no module of ${kernel} declares it`);
  const lines = [...enables, ...body];
  return {
    text: `${lines.map(({ text }) => text).join('\n')}\n`,
    places: lines.map(({ path, line }) => ({ path, line })),
    modules: [...included],
  };
}

/** A module's lines, each with its directive and condition. Throws where its directives cannot be read. */
function linesOf(path: string, text: string): Line[] {
  const lines: Line[] = [];
  let open: { at: Line; condition: Condition } | undefined;
  for (const [index, source] of text.trimEnd().split('\n').entries()) {
    const [, directive = '', rest = ''] = DIRECTIVE.exec(source) ?? [];
    const plain = { path, line: index + 1, text: source, directive, rest };
    const line: Line = open ? { ...plain, condition: open.condition } : plain;
    const word = `@${directive}`;
    if (directive && !DIRECTIVES.includes(directive))
      fail(line, word, `${word} is no directive; there are @${DIRECTIVES.join(', @')}`);
    if ((directive === 'if' || directive === 'elif') && !TEST.test(rest))
      fail(line, rest || word, `"${rest}" is no condition: FLAG, !FLAG, A & B or A | B`);
    if (directive === 'if') {
      if (open) fail(line, word, `@if inside of the @if in line ${open.at.line}`);
      open = { at: line, condition: { test: rest, earlier: [] } };
      lines.push(line);
    } else if (directive === 'elif' || directive === 'else') {
      if (open?.condition.test === undefined) fail(line, word, `${word} without @if`);
      const earlier = [...open.condition.earlier, open.condition.test];
      open = { at: open.at, condition: { test: directive === 'elif' ? rest : undefined, earlier } };
      lines.push(plain);
    } else if (directive === 'end') {
      if (!open) fail(line, word, '@end without @if');
      open = undefined;
    } else lines.push(line);
  }
  if (open) fail(open.at, '@if', 'this @if has no @end');
  return lines;
}

const bare = (term: string): string => term.replace(/[\s!]/g, '');
const flagsOf = (test: string): string[] => test.split(/[|&]/).map(bare);

/** The column is that of `word` in the line. */
const whereOf = ({ path, line, text }: Line, word: string): string =>
  `${fileOf(path)}:${line}:${Math.max(text.indexOf(word), 0) + 1}`;

function fail(line: Line, word: string, why: string): never {
  throw new Error(`${whereOf(line, word)}: ${why}`);
}
