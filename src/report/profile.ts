import type { Profile, TimedDispatch } from '../gpu/program/profile.ts';
import { alignColumns } from './align.ts';
import { type Roofs, shareOfRoof, type Work } from './roof.ts';

interface Cost extends Work {
  readonly nanoseconds: number;
}

const add = (a: Cost, b: Cost): Cost => ({
  flops: a.flops + b.flops,
  bytes: a.bytes + b.bytes,
  nanoseconds: a.nanoseconds + b.nanoseconds,
});

const NONE: Cost = { flops: 0, bytes: 0, nanoseconds: 0 };

/** A step's dispatches by time as aligned text: the `top` longest, the rest summed, and the whole. */
export function profileTable(
  { dispatches, clock }: Profile,
  { top = 20, roofs }: { top?: number; roofs?: Roofs },
): string {
  const sorted = [...dispatches].sort((a, b) => b.nanoseconds - a.nanoseconds);
  const all = sorted.reduce<Cost>(add, NONE);
  const rest = sorted.slice(top);
  const row = (label: string, kernel: string, { flops, bytes, nanoseconds }: Cost) => {
    const seconds = Math.max(nanoseconds, 1) / 1e9;
    return [
      label,
      kernel,
      (1e3 * seconds).toFixed(3),
      ((100 * nanoseconds) / Math.max(all.nanoseconds, 1)).toFixed(1),
      (flops / 1e9 / seconds).toPrecision(3),
      (bytes / 1e9 / seconds).toPrecision(3),
      ...(roofs ? [(100 * shareOfRoof({ flops, bytes }, 1e3 * seconds, roofs).share).toFixed(0)] : []),
    ];
  };
  const rows = [
    ['dispatch', 'kernel', 'ms', '% of step', 'GF/s', 'GB/s', ...(roofs ? ['% of roof'] : [])],
    ...sorted.slice(0, top).map((dispatch) => row(dispatch.label, dispatch.kernel, dispatch)),
    ...(rest.length > 0 ? [row(`${rest.length} more`, '', rest.reduce<Cost>(add, NONE))] : []),
    row(`all ${dispatches.length}`, '', all),
  ];
  const how =
    clock === 'timestamps'
      ? 'timed by the GPU, a pass for each dispatch'
      : 'timed by the wall clock, each dispatch submitted alone, since the adapter has no timestamps';
  return [...alignColumns(rows), `(${how})`].join('\n');
}

/** The tracks of a trace: the host above the GPU. */
const TRACKS = { host: 1, gpu: 2 };

/** A profile as trace event JSON, which chrome://tracing and Perfetto open. Times are in microseconds from the first event. */
export function chromeTrace({ dispatches, host, clock }: Profile, process: string): string {
  const origin = Math.min(...host.map(({ start }) => start), ...dispatches.map(({ start }) => start));
  const name = (thread: number | undefined, text: string) => ({
    ...{ ph: 'M', pid: 1, args: { name: text } },
    ...(thread === undefined ? { name: 'process_name' } : { name: 'thread_name', tid: thread }),
  });
  const event = (tid: number, title: string, start: number, duration: number, args: object) => ({
    ...{ ph: 'X', pid: 1, tid, name: title, cat: tid === TRACKS.gpu ? 'gpu' : 'host' },
    ...{ ts: 1e3 * (start - origin), dur: duration, args },
  });
  const traceEvents = [
    name(undefined, process),
    name(TRACKS.host, 'host'),
    name(TRACKS.gpu, `GPU (${clock})`),
    ...host.map((span) => event(TRACKS.host, span.name, span.start, 1e3 * (span.end - span.start), {})),
    ...dispatches.map((dispatch) =>
      event(TRACKS.gpu, dispatch.label, dispatch.start, dispatch.nanoseconds / 1e3, detailsOf(dispatch)),
    ),
  ];
  return JSON.stringify({ displayTimeUnit: 'ms', traceEvents });
}

const detailsOf = ({ kernel, workgroups, flops, bytes }: TimedDispatch) => ({
  kernel,
  workgroups: workgroups.join('×'),
  flops,
  bytes,
});

/** Puts a profile on tracks of its own in the performance panel of a browser's developer tools. */
export function showInDevTools({ dispatches, host }: Profile): void {
  const measure = (name: string, track: string, start: number, end: number, properties: [string, string][]) =>
    performance.measure(name, {
      ...{ start, end },
      detail: { devtools: { dataType: 'track-entry', track, trackGroup: 'COIN', tooltipText: name, properties } },
    });
  for (const { name, start, end } of host) measure(name, 'Host', start, end, []);
  for (const dispatch of dispatches)
    measure(
      dispatch.label,
      'GPU',
      dispatch.start,
      dispatch.start + dispatch.nanoseconds / 1e6,
      Object.entries(detailsOf(dispatch)).map(([key, value]) => [key, `${value}`]),
    );
}
