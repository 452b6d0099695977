import type * as TypeScript from 'typescript';
import { assert, suite } from './harness.ts';

const test = suite('types');

test(
  'every export has a doc comment',
  async () => {
    // The name is in a variable so that the bundler leaves the import alone.
    const name = 'typescript';
    const { default: ts } = (await import(name)) as { default: typeof TypeScript };
    const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, '.');
    const entries = ['src/index.ts', 'src/node.ts'];
    const program = ts.createProgram(entries, options);
    const checker = program.getTypeChecker();
    const exported = entries.flatMap((entry) =>
      checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!),
    );
    assert.ok(exported.length > 300);
    const bare = exported.filter((symbol) => {
      const own = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      return own.getDocumentationComment(checker).length === 0;
    });
    assert.equal(
      bare.map(({ name }) => name),
      [],
    );
  },
  { seconds: 400 },
);

test.run();
