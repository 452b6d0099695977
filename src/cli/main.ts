import { CommanderError } from 'commander';
import { fail } from './errors.ts';
import { outliveOutput } from './output.node.ts';
import { createProgram } from './program.ts';

outliveOutput();

try {
  await createProgram().parseAsync();
} catch (error) {
  // Commander has already said what was wrong, or shown the help that was asked for.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 1;
  else fail(error);
}
