// A thin layer over uvu that runs the same in Node, Deno and a browser page, and that is red whenever something is wrong.
// uvu alone stays green when a hook throws, when a test throws what is no Error, and when a suite is never run.

declare global {
  // uvu reads and fills these two.
  var UVU_DEFER: 0 | 1 | undefined;
  var UVU_QUEUE: QueueEntry[][] | undefined;
  /** Set by the page that runs the bundle in a browser: command-line arguments, and where the exit code goes. */
  var testPage: { args: string[]; exit(code: number): void } | undefined;
}

type QueueEntry = () => Promise<[errors: string | true, passed: number, skipped: number, total: number]>;
type Handler = () => unknown;

export interface Suite {
  (name: string, test: Handler): void;
  /** Leaves a test out, visibly. */
  skip(name: string, reason: string): void;
  before: { (hook: Handler): void; each(hook: Handler): void };
  after: { (hook: Handler): void; each(hook: Handler): void };
  /** Not needed: every suite is run. It is here so that files read like any other uvu test. */
  run(): void;
}

// uvu would otherwise start its own run after the first suite; it looks at this when it loads.
globalThis.UVU_DEFER = 1;
const uvu = await import('uvu');

export * as assert from 'uvu/assert';

interface Registered {
  name: string;
  queue(): void;
  tests: number;
}

/** The suites of the file that is being loaded, and how many of its tests the filter left out. */
let suites: Registered[] = [];
let filteredOut = 0;
let currentFile = '';
let filter = '';
const failures: string[] = [];
const skipped: string[] = [];

class Skip extends Error {}

/** Ends the running test as skipped, for reasons that show only while it runs (a feature the adapter lacks). */
export function skip(reason: string): never {
  throw new Skip(reason);
}

/** A named group of tests. Hooks and tests may be asynchronous and may throw anything. */
export function suite(name: string): Suite {
  const inner = uvu.suite(name);
  const registered: Registered = { name, tests: 0, queue: () => inner.run() };
  suites.push(registered);
  const isWanted = (test: string) => `${currentFile} ${name} ${test}`.includes(filter);
  const hook = (label: string, handler: Handler) => async () => {
    try {
      await handler();
    } catch (thrown) {
      failures.push(describe(`${name}, ${label} hook`, thrown));
      // uvu does not survive a throwing "after"; the others have to keep their tests from running.
      if (label !== 'after') throw toError(thrown);
    }
  };
  const add = (test: string, handler: Handler) => {
    if (!isWanted(test)) {
      filteredOut += 1;
      return;
    }
    registered.tests += 1;
    inner(test, async () => {
      try {
        await handler();
      } catch (thrown) {
        if (!(thrown instanceof Skip)) throw toError(thrown);
        skipped.push(`${name}, ${test}: ${thrown.message}`);
      }
    });
  };
  return Object.assign(add, {
    skip: (test: string, reason: string) => add(test, () => skip(reason)),
    before: Object.assign((handler: Handler) => inner.before(hook('before', handler)), {
      each: (handler: Handler) => inner.before.each(hook('before each', handler)),
    }),
    after: Object.assign((handler: Handler) => inner.after(hook('after', handler)), {
      each: (handler: Handler) => inner.after.each(hook('after each', handler)),
    }),
    run: () => {},
  });
}

/**
 * Runs test files one after another, prints every failure and skip, and ends with the line `N passed, N failed`.
 * The first command-line argument selects tests whose file, suite or name contains it.
 */
export async function runTests(files: [path: string, load: () => Promise<unknown>][]): Promise<void> {
  if (typeof process !== 'undefined') process.exitCode = 1;
  filter = args()[0] ?? '';
  let passed = 0;
  let failed = 0;
  for (const [path, load] of files) {
    const result = await runFile(path, load);
    passed += result.passed;
    failed += result.failed;
  }
  passed -= skipped.length;
  if (passed + failed + skipped.length === 0) {
    failures.push(filter ? `no test matches "${filter}"` : 'there are no tests');
    failed += 1;
  }
  for (const line of skipped) console.log(`skipped: ${line}`);
  for (const text of failures) console.log(`\n${text}`);
  console.log(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
  exit(failed > 0 ? 1 : 0);
}

async function runFile(path: string, load: () => Promise<unknown>): Promise<{ passed: number; failed: number }> {
  suites = [];
  filteredOut = 0;
  currentFile = path;
  try {
    await load();
    if (suites.every((entry) => entry.tests === 0) && filteredOut === 0) throw new Error('this file has no tests');
  } catch (thrown) {
    failures.push(describe(path, thrown));
    return { passed: 0, failed: 1 };
  }
  let passed = 0;
  let failed = 0;
  for (const entry of suites.filter((each) => each.tests > 0)) {
    globalThis.UVU_QUEUE = globalThis.UVU_QUEUE ?? [];
    const queue: QueueEntry[] = [];
    globalThis.UVU_QUEUE[0] = queue;
    entry.queue();
    const known = failures.length;
    for (const run of queue) {
      const [errors, ran, , total] = await run();
      passed += ran;
      if (typeof errors === 'string') failures.push(errors);
      // Tests that a throwing hook kept from running count as failed, and an "after" hook that throws is one failure.
      failed += total - ran || (failures.length > known ? 1 : 0);
      if (total > ran && failures.length === known)
        failures.push(`FAIL ${entry.name}: ${total - ran} tests were not run`);
    }
  }
  return { passed, failed };
}

/** Errors pass; anything else becomes an Error with a readable message, since WebGPU's own errors have not even a name. */
function toError(thrown: unknown): Error {
  if (thrown instanceof Error && typeof thrown.name === 'string') return thrown;
  const { message } = Object(thrown) as { message?: unknown };
  const kind = Object(thrown).constructor?.name ?? 'object';
  return new Error(`thrown, but no Error: ${kind} ${typeof message === 'string' ? message : show(thrown)}`);
}

function show(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

function describe(where: string, thrown: unknown): string {
  const error = toError(thrown);
  return `FAIL ${where}\n    ${error.stack ?? error.message}`;
}

function args(): string[] {
  if (globalThis.testPage) return globalThis.testPage.args;
  if (typeof process === 'undefined') return [];
  return process.argv.slice(2);
}

function exit(code: number): void {
  if (globalThis.testPage) globalThis.testPage.exit(code);
  else process.exitCode = code;
}
