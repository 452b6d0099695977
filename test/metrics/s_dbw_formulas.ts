import type { SDbwOptions } from '../../src/metrics/s_dbw.ts';

/**
 * The index from its formulas, of points [n][d] whose labels are 0 to k - 1, each with the nearest point for its centre or the mean;
 * undefined where two densities are 0.
 */
export function fromFormulas(
  x: number[][],
  labels: number[],
  method: NonNullable<SDbwOptions['method']>,
  nearest: boolean,
) {
  const d = x[0]!.length;
  const dimensions = Array.from({ length: d }, (_, p) => p);
  const mean = (rows: number[][]) => dimensions.map((p) => rows.reduce((sum, row) => sum + row[p]!, 0) / rows.length);
  const variance = (rows: number[][]) => {
    const center = mean(rows);
    return dimensions.map((p) => rows.reduce((sum, row) => sum + (row[p]! - center[p]!) ** 2, 0) / rows.length);
  };
  const sigma = (rows: number[][]) => (method === 'halkidi2001' ? variance(rows) : variance(rows).map(Math.sqrt));
  const length = (vector: number[]) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  const apart = (a: number[], b: number[]) => length(a.map((value, p) => value - b[p]!));
  const isBall = method.toLowerCase().startsWith('halkidi');
  const clusters = [...new Set(labels)].sort().map((label) => x.filter((_, i) => labels[i] === label));
  const [n, k] = [x.length, clusters.length];
  const centers = clusters.map((rows) => {
    const center = mean(rows);
    return nearest ? rows.reduce((best, row) => (apart(row, center) < apart(best, center) ? row : best)) : center;
  });
  const lengths = clusters.map((rows) => length(sigma(rows)));
  const scat = clusters.reduce((sum, rows, i) => {
    const share = isBall ? 1 : (n - rows.length) / n;
    return sum + (share * lengths[i]!) / length(sigma(x)) / (method === 'Tong' ? k - 1 : k);
  }, 0);
  const radius = Math.sqrt(lengths.reduce((sum, value) => sum + value, 0)) / k;
  const density = (rows: number[][], center: number[], spread: number[]) =>
    rows.filter((row) => {
      if (isBall) return apart(row, center) <= radius;
      return dimensions.every((p) => Math.abs(row[p]! - center[p]!) <= (1.96 * spread[p]!) / Math.sqrt(rows.length));
    }).length;
  const densities = clusters.map((rows, i) => density(rows, centers[i]!, sigma(rows)));
  if (densities.filter((count) => count === 0).length > 1) return undefined;
  let dens_bw = 0;
  for (let i = 0; i < k; i++)
    for (let j = 0; j < k; j++) {
      if (i === j) continue;
      const [a, b] = [clusters[i]!, clusters[j]!];
      const between = dimensions.map((p) => {
        const [c, e] = [centers[i]![p]!, centers[j]![p]!];
        if (method !== 'Tong') return (c + e) / 2;
        const bySize = (b.length * c + a.length * e) / (a.length + b.length);
        return 0.7 * bySize + (0.3 * (densities[i]! * c + densities[j]! * e)) / (densities[i]! + densities[j]!);
      });
      const [s, t] = [sigma(a), sigma(b)];
      const both = density(
        [...a, ...b],
        between,
        s.map((value, p) => (value + t[p]!) / 2),
      );
      dens_bw += both / Math.max(densities[i]!, densities[j]!) / (k * (k - 1));
    }
  return { scat, dens_bw };
}
