/**
 * The expected calibration error: how far the probability that a classifier gives to its answers is from the share of them that
 * are right, the mean over `bins` equal parts of (0, 1], weighted by how many answers fall into each; 0 to 1. Naeini et al.,
 * "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015; with 15 bins as Guo et al., "On Calibration of
 * Modern Neural Networks", ICML 2017, have it.
 * @param confidences of each answer, 0 to 1. @param right whether each is right.
 * Throws when there are none, or not as many of both.
 */
export function calibrationError(confidences: ArrayLike<number>, right: ArrayLike<boolean>, bins = 15): number {
  const n = confidences.length;
  if (n === 0 || right.length !== n)
    throw new Error(`calibrationError: ${n} probabilities are given for ${right.length} answers; give one of each.`);
  const gaps = new Float64Array(bins);
  for (let i = 0; i < n; i++) {
    const confidence = confidences[i] as number;
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1));
    gaps[bin] = (gaps[bin] as number) + Number(right[i]) - confidence;
  }
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / n;
}
