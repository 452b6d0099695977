// Shared WGSL: fills the regions between `// @include lib/x.wgsl` and `// @end` with the text of `kernels/lib/x.wgsl`,
// on disk, so that every kernel file stays valid WGSL for any other tool while shared code has one home.

const OPEN = /^\s*\/\/ @include (\S+)\s*$/;
const CLOSE = /^\s*\/\/ @end\s*$/;
const DIRECTIVE = /^\s*(enable|diagnostic)\b.*;/;

/**
 * Returns `text` with every include region refilled. A library that is included twice (directly and through another
 * library) is copied once and its later regions stay empty, because WGSL refuses a second definition.
 *
 * @param {string} text the WGSL file
 * @param {(path: string) => string | undefined} readLib gives the text of a library by its path below `kernels/`
 * @param {Set<string>} done libraries that are already in the output
 * @returns {string}
 */
export function fillIncludes(text, readLib, done) {
  const needed = new Set();
  const filled = fill(text, readLib, done, needed);
  const own = new Set(text.split('\n').map((line) => line.trim()));
  for (const directive of needed) {
    if (!own.has(directive)) throw new Error(`an included library needs the line "${directive}" at the top`);
  }
  return filled;
}

function fill(text, readLib, done, needed) {
  const out = [];
  let depth = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const open = OPEN.exec(line);
    if (open) {
      depth += 1;
      if (depth > 1) continue;
      out.push(line);
      const path = open[1];
      if (done.has(path)) continue;
      done.add(path);
      const lib = readLib(path);
      if (lib === undefined) throw new Error(`line ${index + 1}: there is no kernels/${path} to include`);
      const lines = lib.split('\n');
      // Directives may stand only at the top of a file, so a copied library leaves its own behind.
      for (const directive of lines.filter((libLine) => DIRECTIVE.test(libLine))) needed.add(directive.trim());
      const body = lines.filter((libLine) => !DIRECTIVE.test(libLine)).join('\n');
      out.push(fill(body.trim(), readLib, done, needed));
    } else if (CLOSE.test(line)) {
      depth -= 1;
      if (depth < 0) throw new Error(`line ${index + 1}: "// @end" without "// @include"`);
      if (depth === 0) out.push(line);
    } else if (depth === 0) {
      out.push(line);
    }
  }
  if (depth > 0) throw new Error('an "// @include" region is not closed by "// @end"');
  return out.join('\n');
}
