/** What a number must be; finite in any case. */
export interface Range {
  readonly least?: number;
  readonly above?: number;
  readonly most?: number;
  readonly below?: number;
  readonly integer?: boolean;
}

export const COUNT: Range = { integer: true, least: 1 };
/** 0, 1, 2 and so on, such as seeds and epochs. */
export const WHOLE: Range = { integer: true, least: 0 };
export const NOT_NEGATIVE: Range = { least: 0 };
export const PROBABILITY: Range = { least: 0, most: 1 };

/** Throws `WHOSE: NAME is VALUE, but it must be ...` unless an option is a number in its range. */
export function checkNumber(whose: string, name: string, value: unknown, range: Range = {}): void {
  const { least = Number.NEGATIVE_INFINITY, above = Number.NEGATIVE_INFINITY, integer = false } = range;
  const { most = Number.POSITIVE_INFINITY, below = Number.POSITIVE_INFINITY } = range;
  const isNumber = integer ? Number.isInteger(value) : Number.isFinite(value);
  const number = value as number;
  if (isNumber && number >= least && number > above && number <= most && number < below) return;
  const bounds = [
    range.least !== undefined && `at least ${least}`,
    range.above !== undefined && `above ${above}`,
    range.most !== undefined && `at most ${most}`,
    range.below !== undefined && `below ${below}`,
  ].filter(Boolean);
  const kind = integer ? 'a whole number' : bounds.length > 0 ? 'a number' : 'a finite number';
  throw new Error(
    `${whose}: ${name} is ${show(value)}, but it must be ${[kind, bounds.join(' and ')].join(' ').trim()}.`,
  );
}

/** The same for both numbers of an option [height, width]. */
export function checkPair(whose: string, name: string, pair: unknown, range: Range): void {
  if (!Array.isArray(pair) || pair.length !== 2)
    throw new Error(`${whose}: ${name} is ${show(pair)}, but it must be [height, width].`);
  pair.forEach((value, axis) => {
    checkNumber(whose, `${name}[${axis}]`, value, range);
  });
}

const show = (value: unknown): string => (Array.isArray(value) ? `[${value.join(', ')}]` : String(value));
