import { milliseconds, OWN, peerMeans, peersOf, ratioOf, type SideBySide } from '../../../src/bench/side_by_side.ts';
import { Table } from '../shell/table.tsx';

/** Engines on the same cases: a chart of their times, and a table with how many times longer each takes. */
export function Beside({ all }: { all: readonly SideBySide[] }) {
  const peers = peersOf(all);
  const means = peerMeans(all);
  const engines = [OWN, ...peers];
  return (
    <section class="part" aria-labelledby="beside">
      <h2 id="beside">Beside other engines</h2>
      <p>
        On the same adapter, in one worker, taking turns; results and first losses are held to agree within a
        thousandth. Kernels are submitted one by one here, as others do it.
      </p>
      <Chart all={all} engines={engines} />
      <Table class="beside" heads={['case', ...engines]}>
        {all.map((own) => (
          <tr key={own.name}>
            <th scope="row">{own.name}</th>
            {engines.map((engine) => (
              <Cell key={engine} own={own} engine={engine} />
            ))}
          </tr>
        ))}
        {Object.entries(means).map(([group, mean]: [string, Readonly<Record<string, number>>]) =>
          Object.keys(mean).length === 0 ? undefined : (
            <tr key={group} class="means">
              <th scope="row">geometric mean, {group}</th>
              <td>1</td>
              {peers.map((peer) => (
                <td key={peer}>{mean[peer] === undefined ? '–' : `${mean[peer].toFixed(2)} ×`}</td>
              ))}
            </tr>
          ),
        )}
      </Table>
    </section>
  );
}

function Cell({ own, engine }: { own: SideBySide; engine: string }) {
  const timing = own.timings[engine];
  if (!timing) return <td class="without">{own.without[engine] ?? '–'}</td>;
  const ratio = engine === OWN ? undefined : ratioOf(own, engine);
  return (
    <td>
      {milliseconds(timing.median)} ms{' '}
      <small>{ratio === undefined ? `± ${Number(timing.spread.toPrecision(2))}` : `${ratio.toFixed(2)} ×`}</small>
    </td>
  );
}

/** Figures in a box of 10 × 10 around 0, of the same weight; an engine is known by its colour and by its figure. */
const FIGURES = [
  'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0',
  'M0 -6L6 0L0 6L-6 0Z',
  'M0 -6L6 5H-6Z',
  'M-4.5 -4.5H4.5V4.5H-4.5Z',
];

const Figure = ({ index }: { index: number }) => (
  <path class={`engine-${index % FIGURES.length}`} d={FIGURES[index % FIGURES.length]} />
);

/** A line a case, times on a logarithmic scale. */
function Chart({ all, engines }: { all: readonly SideBySide[]; engines: readonly string[] }) {
  const times = all.flatMap(({ timings }) => Object.values(timings).map(({ median }) => median));
  if (times.length === 0) return null;
  const low = Math.floor(Math.log10(Math.min(...times)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...times))));
  // A figure at the edge needs room for its other half.
  const place = (value: number) => `${2 + (96 * (Math.log10(value) - low)) / (high - low)}%`;
  const decades = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return (
    <figure class="chart">
      <figcaption>
        {engines.map((engine, index) => (
          <span key={engine}>
            <svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true">
              <Figure index={index} />
            </svg>{' '}
            {engine}
          </span>
        ))}
      </figcaption>
      {/* The table below has the same in words. */}
      <div>
        {all.map(({ name, timings }) => (
          <div key={name} class="line">
            <span>{name}</span>
            <svg width="100%" height="22" aria-hidden="true">
              {decades.map((decade) => (
                <line key={decade} class="grid" x1={place(decade)} x2={place(decade)} y1="0" y2="22" />
              ))}
              {engines.map((engine, index) => {
                const timing = timings[engine];
                return (
                  timing && (
                    <svg key={engine} x={place(timing.median)} y="11" overflow="visible" aria-hidden="true">
                      <Figure index={index} />
                    </svg>
                  )
                );
              })}
            </svg>
          </div>
        ))}
        <div class="line">
          <span>milliseconds</span>
          <svg width="100%" height="20" aria-hidden="true">
            {decades.map((decade, index) => (
              <text
                key={decade}
                x={place(decade)}
                y="14"
                text-anchor={index === 0 ? 'start' : index === decades.length - 1 ? 'end' : 'middle'}
              >
                {decade}
              </text>
            ))}
          </svg>
        </div>
      </div>
    </figure>
  );
}
