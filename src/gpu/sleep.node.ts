/** How long one sleep lasts, in milliseconds: a result is noticed at most so much later. */
const NAP = 0.5;

const never = new Int32Array(new SharedArrayBuffer(4));
/** Promises that are waited for. All sleep as one: each by itself would hold up the event loop by its own nap. */
let pending = 0;
let isSleeping = false;

/**
 * Dawn's binding for Node polls without pause while an operation is pending, which takes a core away from a software
 * driver; sleeping between polls gives it back.
 */
export function sleepUntil<T>(promise: Promise<T>): Promise<T> {
  const settle = () => {
    pending -= 1;
  };
  promise.then(settle, settle);
  pending += 1;
  sleep();
  return promise;
}

async function sleep(): Promise<void> {
  if (isSleeping) return;
  isSleeping = true;
  while (pending > 0) {
    Atomics.wait(never, 0, 0, NAP);
    await new Promise(setImmediate);
  }
  isSleeping = false;
}
