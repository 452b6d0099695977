/** The 97.5 % quantile of the normal distribution. */
const Z = 1.959964;

/**
 * The 95 % interval of a share that was counted on `n` independent trials: E. B. Wilson, "Probable inference, the law of
 * succession, and statistical inference", JASA 22, 1927. It stays within 0 to 1, also where all or none were counted.
 * @param share 0 to 1.
 * @param n at least 1.
 */
export function wilson(share: number, n: number): readonly [low: number, high: number] {
  const weight = 1 + Z ** 2 / n;
  const middle = share + Z ** 2 / (2 * n);
  const half = Z * Math.sqrt((share * (1 - share)) / n + Z ** 2 / (4 * n ** 2));
  return [Math.max(0, (middle - half) / weight), Math.min(1, (middle + half) / weight)];
}
