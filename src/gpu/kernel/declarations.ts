const NAME = /^(?:@\S+ (?:\w+\) )?)*(fn|struct|const|alias|override|var)\b\s*(?:<[^>]*>)?\s*(\w+)/;

/**
 * The declarations that make a kernel, by name, without comments and with white space folded: what `main` reaches, what it
 * binds, its tunable constants, `enable` and `const_assert`. Texts with the same declarations, in whatever order, make the
 * same kernel.
 */
export function declarationsOf(text: string): Map<string, string> {
  const all = split(
    text
      .replace(/;\s*\/\/\s*@tune\b.*$/gm, ' @tune;')
      .replace(/\/\/.*$/gm, '')
      .replace(/\s+/g, ' '),
  );
  const used = new Map<string, string>();
  const use = (name: string) => {
    const declaration = all.get(name);
    if (declaration === undefined || used.has(name)) return;
    used.set(name, declaration);
    for (const [word] of declaration.matchAll(/[A-Za-z_]\w*/g)) use(word);
  };
  for (const [name, declaration] of all)
    if (name === 'main' || name === declaration || /^@group| @tune;$/.test(declaration)) use(name);
  return used;
}

/** All declarations; those without a name go by their own text. */
function split(code: string): Map<string, string> {
  const found = new Map<string, string>();
  let depth = 0;
  let start = 0;
  for (const { 0: mark, index } of code.matchAll(/[{};]/g)) {
    if (mark === '{') depth += 1;
    if (mark === '}') depth -= 1;
    if (depth > 0) continue;
    const declaration = code.slice(start, index + 1).trim();
    found.set(NAME.exec(declaration)?.[2] ?? declaration, declaration);
    start = index + 1;
  }
  return found;
}

/** The names of the declarations in which two kernels' texts differ. */
export function differences(one: string, other: string): string[] {
  const [before, after] = [declarationsOf(one), declarationsOf(other)];
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));
}
