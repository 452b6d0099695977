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
export const belowOne = numeric((v) => v >= 0 && v < 1, 'a number from 0 to below 1');
export const fraction = numeric((v) => v >= 0 && v <= 1, 'a number from 0 to 1');

/** An option with a parsed number and a default. */
export const number = (flags: string, description: string, parse: (text: string) => number, value?: number): Option => {
  const option = new Option(flags, description).argParser(parse);
  return value === undefined ? option : option.default(value);
};

/** Whether an option, by its name in the parsed options, was given and did not only have its default. */
export const isGiven = (command: Command, name: string): boolean => command.getOptionValueSource(name) === 'cli';

/** Whether an option was given on the command line, or by a file of settings. */
export const isSet = (command: Command, name: string): boolean =>
  ['cli', 'config'].includes(command.getOptionValueSource(name) ?? '');

/** An option as it is written: `labelSmoothing` is `--label-smoothing`. */
export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/**
 * Refuses options that would change nothing: `idle` names for an option those that have no effect beside it, `needs` for an
 * option the one without which it has none.
 */
export function refuseIdle(
  command: Command,
  { idle = {}, needs = {} }: { idle?: Record<string, readonly string[]>; needs?: Record<string, string> },
): Command {
  const given = (name: string) => isGiven(command, name);
  return command.hook('preAction', () => {
    for (const [name, others] of Object.entries(idle))
      for (const other of others)
        if (given(name) && given(other))
          throw new Error(`${flagOf(other)} has no effect beside ${flagOf(name)}; leave one of them out.`);
    for (const [name, needed] of Object.entries(needs))
      if (given(name) && !isSet(command, needed))
        throw new Error(`${flagOf(name)} has no effect without ${flagOf(needed)}; give both or none.`);
  });
}

/** How often something is done: after so many micro-batches, epochs or seconds, whichever comes first. */
export interface Often {
  readonly steps?: number;
  readonly epochs?: number;
  readonly seconds?: number;
}

/** A parser of how often something is done, as `200steps`, `1epoch`, `30s`, `5min`, `1h`, or several of them: `5min,1epoch`; gives the text again. */
export function often(text: string): string {
  everyOf(text);
  return text;
}

/** What such a text says. */
export const everyOf = (text: string): Often => Object.assign({}, ...text.split(',').map(oneOf));

const SECONDS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600 };

function oneOf(text: string): Often {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?) *(steps?|epochs?|s|min|h)$/.exec(text.trim()) ?? [];
  const value = Number(count);
  const seconds = SECONDS[unit];
  if (!(value > 0) || (seconds === undefined && !Number.isInteger(value)))
    throw new InvalidArgumentError(
      'It must be a time or a number of micro-batches or epochs, such as 5min, 30s, 1h, 200steps or 1epoch.',
    );
  if (seconds !== undefined) return { seconds: value * seconds };
  return unit.startsWith('step') ? { steps: value } : { epochs: value };
}
