import { isMainThread } from 'node:worker_threads';

/** Values of environment variables; undefined stands for none. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Runs an action with other environment variables, for native code that it calls before it first waits. A worker thread has
 * them set in the main thread, since its own `process.env` is a copy, or else shared with other workers that set it.
 * Throws in a worker when the main thread does not answer.
 */
export async function withVariables<T>(variables: Variables, action: () => Promise<T>): Promise<T> {
  if (!isMainThread) return withVariablesOfMain(variables, action);
  const before = assign(process.env, variables);
  try {
    return action();
  } finally {
    assign(process.env, before);
  }
}

/** Sets variables in the main thread, also while that is blocked, for as long as any worker needs them. */
async function withVariablesOfMain<T>(variables: Variables, action: () => Promise<T>): Promise<T> {
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  const run = async (call: string) => {
    const expression = `(${keep})(${assign}, Symbol.for('coin-webgpu.variables')).${call}`;
    await answered(session.post('Runtime.evaluate', { expression }));
  };
  session.connectToMainThread();
  try {
    await run(`take(${serialize(variables)})`);
    try {
      return await action();
    } finally {
      await run('giveBack()');
    }
  } finally {
    session.disconnect();
  }
}

/** What the main thread answers in, in milliseconds. */
const PATIENCE = 10_000;

/** The timer also keeps a worker alive that has nothing else to do. */
async function answered(promise: Promise<{ exceptionDetails?: { text: string } | undefined }>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it does not answer')), PATIENCE);
  });
  try {
    const { exceptionDetails } = await Promise.race([promise, tooLate]);
    if (exceptionDetails) throw new Error(exceptionDetails.text);
  } catch (cause) {
    const why = (cause as Error).message;
    throw new Error(`A worker thread sets what WebGPU's drivers need in the main thread, but ${why}.`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** Sets variables and returns what they were. Its text runs in the main thread too, so it uses nothing from outside. */
function assign(environment: NodeJS.ProcessEnv, variables: Variables): Variables {
  const before: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(variables)) {
    before[name] = environment[name];
    if (value === undefined) delete environment[name];
    else environment[name] = value;
  }
  return before;
}

/** Its text runs in the main thread: it counts the workers that need variables, and the last one puts them back. */
function keep(set: typeof assign, key: symbol) {
  const shared = globalThis as unknown as Record<symbol, { users: number; before: Variables } | undefined>;
  return {
    take(variables: Variables) {
      shared[key] ??= { users: 0, before: {} };
      const state = shared[key];
      state.users += 1;
      state.before = { ...set(process.env, variables), ...state.before };
    },
    giveBack() {
      const state = shared[key];
      if (!state || --state.users > 0) return;
      set(process.env, state.before);
      delete shared[key];
    },
  };
}

/** JSON leaves out what is undefined. */
const serialize = (variables: Variables): string =>
  `{${Object.entries(variables).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)}}`;
