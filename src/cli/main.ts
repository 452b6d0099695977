import { outliveOutput } from './output.node.ts';
import { runProgram } from './program.ts';

outliveOutput();
await runProgram(process.argv.slice(2));
