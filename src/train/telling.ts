/**
 * What `work` tells while it goes on, as a stream that throws what the work throws. Work whose stream is left ends where it would
 * tell the next thing.
 */
export async function* telling<T>(work: (tell: (value: T) => void) => Promise<void>): AsyncGenerator<T, void> {
  const told: T[] = [];
  let [isDone, isLeft] = [false, false];
  let wake = () => {};
  const done = work((value) => {
    if (isLeft) throw new Error('Nobody listens any more.');
    told.push(value);
    wake();
  }).finally(() => {
    isDone = true;
    wake();
  });
  // An error is thrown below, when all before it has been told.
  done.catch(() => {});
  try {
    while (!isDone || told.length > 0) {
      yield* told.splice(0);
      if (isDone || told.length > 0) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    await done;
  } finally {
    isLeft = true;
    await done.catch(() => {});
  }
}
