import type { Roofs, Work } from '../../../src/report/roof.ts';
import { rooflineIn } from '../../../src/workbench/roofline.ts';
import type { Rate } from '../../../src/workbench/summary.ts';

interface RooflineProps {
  readonly rates: readonly Rate[];
  readonly work: Work;
  /** Undefined until they are measured, which keeps its place. */
  readonly roofs: Roofs | undefined;
}

const BOX = { width: 400, height: 180 };
const MARGIN = { left: 44, top: 12, right: 12, bottom: 34 };

/** Where both ways lie below what this adapter does at most. */
export function Roofline({ rates, work, roofs }: RooflineProps) {
  const { left, top, right, bottom } = MARGIN;
  const size = `${-left} ${-top} ${BOX.width + left + right} ${BOX.height + top + bottom}`;
  if (!roofs || !(work.flops > 0))
    return (
      <figure class="roofline">
        <svg viewBox={size} aria-hidden="true" />
        <figcaption>
          {roofs ? 'No floating-point operations are counted here.' : "Measuring this adapter's roofs …"}
        </figcaption>
      </figure>
    );
  const { roof, place, intensities, rates: ticks } = rooflineIn(BOX, roofs);
  const intensity = (work.flops / work.bytes).toPrecision(3);
  const said = rates.map(({ way, gflops }) => `${way} ${gflops.toPrecision(3)} GFLOP/s`).join(', ');
  return (
    <figure class="roofline">
      <svg viewBox={size} role="img" aria-label={`Roofline at ${intensity} FLOP a byte: ${said}`}>
        {intensities.map(({ value, x }) => (
          <g key={value}>
            <line class="grid" x1={x} x2={x} y1={0} y2={BOX.height} />
            <text x={x} y={BOX.height + 15} text-anchor="middle">
              {value}
            </text>
          </g>
        ))}
        {ticks.map(({ value, y }) => (
          <g key={value}>
            <line class="grid" x1={0} x2={BOX.width} y1={y} y2={y} />
            <text x={-6} y={y + 4} text-anchor="end">
              {value >= 1e5 ? `${value / 1e6}M` : value}
            </text>
          </g>
        ))}
        <text x={BOX.width / 2} y={BOX.height + 30} text-anchor="middle">
          FLOP a byte
        </text>
        <text x={4} y={10}>
          GFLOP/s
        </text>
        <polyline class="roof" points={roof.map(({ x, y }) => `${x},${y}`).join(' ')} />
        {rates.map(({ way, median }) => {
          const { x, y } = place(work, median);
          return way === 'shipped' ? (
            <circle key={way} class={way} cx={x} cy={y} r={6} />
          ) : (
            <path key={way} class={way} d={`M${x - 5} ${y - 5}l10 10m0 -10l-10 10`} />
          );
        })}
      </svg>
      <figcaption>
        Roofs measured on this adapter: {roofs.gflops.toPrecision(3)} GFLOP/s of multiply-adds,{' '}
        {roofs.gigabytes.toPrecision(3)} GB/s of copying.
      </figcaption>
    </figure>
  );
}
