import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path/posix';
import { assert, suite } from './harness.ts';

const test = suite('imports');

/** From the top down: a file imports from its own layer and from those below it. */
const LAYERS = [
  ['bench'],
  ['src/build'],
  ['src/cli'],
  ['src/workbench', 'src/reproduce'],
  ['src/bench'],
  ['src/node.ts', 'src/index.ts'],
  ['src/report', 'src/train', 'src/conformance', 'src/onnx'],
  ['src/methods'],
  ['src/nn', 'src/optim', 'src/data', 'src/weights', 'src/metrics'],
  ['src/gpu'],
  ['src/ops'],
  ['src/tape'],
  ['src/gpu/kernel'],
  ['src/quantile.ts', 'src/files.node.ts', 'src/file_kind.ts', 'src/bytes.ts'],
];

/** What layers alone would allow. */
const EXCEPT: readonly { from: RegExp; to: RegExp; unless?: (edge: Import) => boolean; why: string }[] = [
  { from: /^src\/gpu\//, to: /^src\/ops\//, why: 'src/gpu knows no op' },
  {
    from: /^src\/gpu\//,
    to: /^src\/tape\//,
    unless: ({ to, typeOnly }) => typeOnly || to === 'src/tape/tensor.ts',
    why: "src/gpu knows only the tape's data types",
  },
  {
    from: /^src\/tape\//,
    to: /^src\/gpu\/kernel\//,
    unless: ({ typeOnly }) => typeOnly,
    why: 'src/tape takes only types from src/gpu/kernel',
  },
];

/** Files that run in Node alone. */
const FOR_NODE = /^src\/(cli|build|reproduce)\/|\.mjs$|\.node\.ts$|^src\/node\.ts$/;

interface Import {
  /** Paths from the root, or a package's name. */
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

const files = ['src', 'bench']
  .flatMap((root) =>
    readdirSync(root, { recursive: true }).map((path) => join(root, String(path).replaceAll('\\', '/'))),
  )
  .filter((path) => /\.(ts|tsx|mjs)$/.test(path) && !path.endsWith('.d.ts'));
const imports = files.flatMap((path) => importsOf(path, readFileSync(path, 'utf8')));
const within = imports.filter(({ to }) => files.includes(to));

test('every folder has a layer', () => {
  assert.equal(
    files.filter((path) => layerOf(path) < 0),
    [],
  );
});

test('layers import only from below', () => {
  assert.equal(
    within
      .filter(({ from, to }) => layerOf(to) < layerOf(from))
      .map(({ from, to }) => `${from} imports ${to}, which lies above it`),
    [],
  );
});

test('nothing depends on tests; benchmarks share the driver of browsers', () => {
  assert.equal(
    imports
      .filter(({ from, to }) => to.startsWith('test/') && !(from.startsWith('bench/') && to === 'test/browser.mjs'))
      .map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
});

test('GPU, tape and ops know of each other only what they must', () => {
  assert.equal(
    within.flatMap((edge) =>
      EXCEPT.filter(({ from, to, unless }) => from.test(edge.from) && to.test(edge.to) && !unless?.(edge)).map(
        ({ why }) => `${edge.from} imports ${edge.to}, but ${why}`,
      ),
    ),
    [],
  );
});

test('no file imports itself through others', () => {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    if (done.has(path) || trail.includes(path)) return;
    for (const { from, to } of within) if (from === path) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const path of files) visit(path, []);
  assert.equal(cycles, []);
});

test('only what is for Node imports from Node', () => {
  assert.equal(
    imports
      // An import() that runs only in Node does not hinder other runtimes.
      .filter(({ from, to, dynamic }) => !FOR_NODE.test(from) && (isBuiltin(to) || FOR_NODE.test(to)) && !dynamic)
      .map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
});

/** The layer whose path is the longest that a file's begins with; -1 for none. */
function layerOf(path: string): number {
  const lengths = LAYERS.map((layer) =>
    Math.max(...layer.map((part) => (path === part || path.startsWith(`${part}/`) ? part.length : 0))),
  );
  const longest = Math.max(...lengths);
  return longest === 0 ? -1 : lengths.indexOf(longest);
}

function importsOf(from: string, text: string): Import[] {
  const resolve = (specifier: string) => (specifier.startsWith('.') ? join(dirname(from), specifier) : specifier);
  const code = text.replace(/\/\*.*?\*\//gs, '').replace(/^\s*\/\/.*$/gm, '');
  const fixed = [...code.matchAll(/^(?:import|export)\b(?:([^;'"]*?)\bfrom\s*)?\s*'([^']+)'/gm)].map(
    ([, clause = '', specifier = '']): Import => ({
      from,
      to: resolve(specifier),
      typeOnly: /^\s*type\b/.test(clause) || /^\s*\{(\s*type\s[^,}]*,?)+\}\s*$/.test(clause),
      dynamic: false,
    }),
  );
  const later = [...code.matchAll(/\bimport\(\s*'([^']+)'/g)].map(
    ([, specifier = '']): Import => ({ from, to: resolve(specifier), typeOnly: false, dynamic: true }),
  );
  return [...fixed, ...later];
}

test.run();
