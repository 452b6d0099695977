// A page that lends its WebGPU to a program: carries out calls as they come, in their order, and tells what came of them.
import { type Call, decoder, encode, type News, type Order } from './messages.ts';

type Methods = Record<string, (...args: unknown[]) => unknown>;

const objects = new Map<number, unknown>([[0, navigator.gpu]]);

const send = (news: News): Promise<unknown> =>
  fetch('news', { method: 'POST', body: encode(news) as Uint8Array<ArrayBuffer> });

function take(order: Order): void {
  if ('drop' in order) for (const number of order.drop) objects.delete(number);
  else void carryOut(order);
}

async function carryOut({ on, method, args, result, answer }: Call): Promise<void> {
  try {
    const value = call(objects.get(on), method, args);
    // What is not waited for has to be there for the next call.
    if (result !== undefined && !(value instanceof Promise)) objects.set(result, value);
    if (answer === undefined) return;
    const settled = await value;
    if (result !== undefined) objects.set(result, settled);
    await send({ answer, value: plain(settled, result) });
  } catch (thrown) {
    const { name, message } = thrown as Error;
    await send(answer === undefined ? { failed: 'all', name, message } : { answer, error: message || name });
  }
}

function call(target: unknown, method: string, args: readonly unknown[]): unknown {
  if (method === 'readMapped') return readMapped(target as GPUBuffer, args as [number, number]);
  if (method === 'writeMapped') return writeMapped(target as GPUBuffer, args[0] as Uint8Array);
  return (target as Methods)[method]?.(...args);
}

async function readMapped(buffer: GPUBuffer, [offset, size]: [number, number]): Promise<ArrayBuffer> {
  await buffer.mapAsync(GPUMapMode.READ, offset, size);
  const copy = buffer.getMappedRange(offset, size).slice(0);
  buffer.unmap();
  return copy;
}

function writeMapped(buffer: GPUBuffer, bytes: Uint8Array): void {
  new Uint8Array(buffer.getMappedRange()).set(bytes);
  buffer.unmap();
}

/** What of an answer the program needs, as data; a device also gets its queue's number, the one after its own. */
function plain(value: unknown, number = 0): unknown {
  if (value instanceof GPUAdapter) return { info: infoOf(value.info), ...offered(value) };
  if (value instanceof GPUDevice) {
    objects.set(number + 1, value.queue);
    value.lost.then(({ reason, message }) => send({ lost: number, reason, message }));
    value.addEventListener('uncapturederror', ({ error }) => {
      void send({ failed: number, name: error.constructor.name, message: error.message });
    });
    return { info: infoOf(value.adapterInfo), ...offered(value) };
  }
  if (value instanceof GPUError) return { name: value.constructor.name, message: value.message };
  if (value instanceof GPUCompilationInfo)
    return value.messages.map(({ type, message, lineNum, linePos, offset, length }) => ({
      ...{ type, message, lineNum, linePos, offset, length },
    }));
  return value instanceof ArrayBuffer ? value : null;
}

const offered = ({ features, limits }: GPUAdapter | GPUDevice) => ({
  features: [...features],
  limits: membersOf(limits),
});

const infoOf = (info: GPUAdapterInfo | undefined) => (info ? membersOf(info) : {});

/** Interfaces have their members as accessors of their prototypes. */
function membersOf(own: object): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const key in own) found[key] = (own as Record<string, unknown>)[key];
  return found;
}

async function serve(): Promise<void> {
  const { body } = await fetch('orders');
  const reader = body?.getReader();
  const decode = decoder((number) => objects.get(number));
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done || !value) return;
    for (const message of decode(value)) take(message() as Order);
  }
}

void serve();
