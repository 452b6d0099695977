const MOST_CHARACTERS = 100;

/** A value of a file that should be another, for an error: as JSON, cut short, or what it is where that cannot be. */
export function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}`;
  try {
    const text = JSON.stringify(value) ?? typeof value;
    return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
  } catch {
    // It is within itself, or within too many others.
    return `an ${typeof value} without end`;
  }
}
