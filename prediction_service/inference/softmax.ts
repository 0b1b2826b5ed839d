/**
 * The probabilities that a network's logits stand for: exp(x) / Σ exp(x), for each row by itself.
 * @param logits (rows, classes), row after row
 */
export function softmaxRows(logits: Float32Array, classes: number): Float32Array<ArrayBuffer> {
  const probabilities = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    let greatest = Number.NEGATIVE_INFINITY;
    for (let i = start; i < start + classes; i++) greatest = Math.max(greatest, logits[i]!);
    let sum = 0;
    for (let i = start; i < start + classes; i++) {
      // Without the greatest, so that no exponent overflows.
      probabilities[i] = Math.exp(logits[i]! - greatest);
      sum += probabilities[i]!;
    }
    for (let i = start; i < start + classes; i++) probabilities[i]! /= sum;
  }
  return probabilities;
}
