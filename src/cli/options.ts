import { type Command, InvalidArgumentError, Option } from 'commander';

/** A parser for a number within bounds; the message is one sentence. */
function numeric(check: (value: number) => boolean, wanted: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !check(value)) throw new InvalidArgumentError(`It must be ${wanted}.`);
    return value;
  };
}

export const positiveInteger = numeric((v) => Number.isSafeInteger(v) && v > 0, 'a whole number of at least 1');
export const integer = numeric(
  (v) => Number.isInteger(v) && v >= 0 && v < 2 ** 32,
  'a whole number from 0 to 4294967295',
);
export const positive = numeric((v) => Number.isFinite(v) && v > 0, 'a number above 0');
export const nonNegative = numeric((v) => Number.isFinite(v) && v >= 0, 'a number of at least 0');
export const fraction = numeric((v) => v >= 0 && v <= 1, 'a number from 0 to 1');

/** An option with a parsed number and a default. */
export const number = (flags: string, description: string, parse: (text: string) => number, value?: number): Option => {
  const option = new Option(flags, description).argParser(parse);
  return value === undefined ? option : option.default(value);
};

/** Whether an option, by its name in the parsed options, was given and did not only have its default. */
export const isGiven = (command: Command, name: string): boolean => command.getOptionValueSource(name) === 'cli';

/** An option as it is written: `labelSmoothing` is `--label-smoothing`. */
export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
