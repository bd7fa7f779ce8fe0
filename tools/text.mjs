// Formats numbers and tables for the pages that measurements write.

const round = (digits) => (number) => Number(number.toPrecision(digits)).toLocaleString('en-US', { maximumSignificantDigits: digits });
export const two = round(2);
export const three = round(3);
export const whole = (number) => Math.round(number).toLocaleString('en-US');

/** A table whose first `numbers` columns are right-aligned. */
export function markdown(head, lines, numbers = 2) {
  return [head, head.map((_, at) => (at < numbers ? '---:' : '---')), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The median of some numbers, with the least and the greatest. */
export function spread(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/** A percentile: the least of some numbers that `percent` of them do not exceed. */
export function percentile(numbers, percent) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
}
