import { StreamLanguage, type StringStream } from '@codemirror/language';

const words = (text: string) => new Set(text.split(/\s+/));
const KEYWORDS = words(
  'alias break case const const_assert continue continuing default diagnostic discard else enable fn for if let loop override requires return struct switch var while',
);
const ATOMS = words('true false storage uniform workgroup private function read write read_write');
const TYPES = /^(?:bool|[fiu](?:16|32)|f16|vec[234][fiuh]?|mat[234]x[234][fh]?|array|atomic|ptr|sampler|texture_\w+)$/;

/** How deep a nested block comment is. */
interface Comment {
  depth: number;
}

/** WGSL as an editor colours it, with this project's directives (`// @include …`) apart from other comments. */
export const wgsl = StreamLanguage.define<Comment>({
  name: 'wgsl',
  startState: () => ({ depth: 0 }),
  token(stream, state) {
    if (state.depth > 0 || stream.match('/*')) return comment(stream, state);
    if (stream.eatSpace()) return null;
    if (stream.match(/^\/\/ @\w+/)) {
      stream.skipToEnd();
      return 'meta';
    }
    if (stream.match('//')) {
      stream.skipToEnd();
      return 'comment';
    }
    if (stream.match(/^@\w+/)) return 'annotation';
    if (stream.match(/^(?:0x[\da-f]+[iu]?|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?[iufh]?)/i)) return 'number';
    const [word] = (stream.match(/^[A-Za-z_]\w*/) as RegExpMatchArray | null) ?? [];
    if (word !== undefined) return kindOf(word, stream);
    stream.next();
    return null;
  },
  languageData: { commentTokens: { line: '//', block: { open: '/*', close: '*/' } }, indentOnInput: /^\s*\}$/ },
});

function comment(stream: StringStream, state: Comment): string {
  if (state.depth === 0) state.depth = 1;
  while (!stream.eol() && state.depth > 0)
    if (stream.match('*/')) state.depth -= 1;
    else if (stream.match('/*')) state.depth += 1;
    else stream.next();
  return 'comment';
}

function kindOf(word: string, stream: StringStream): string {
  if (KEYWORDS.has(word)) return 'keyword';
  if (ATOMS.has(word)) return 'atom';
  if (TYPES.test(word)) return 'typeName';
  return stream.match(/^\s*\(/, false) ? 'variableName.function' : 'variableName';
}
