// How numbers and tables are written in the pages that a measurement makes.

const round = (digits) => (number) => Number(number.toPrecision(digits)).toLocaleString('en-US', { maximumSignificantDigits: digits });
export const two = round(2);
export const three = round(3);
export const whole = (number) => Math.round(number).toLocaleString('en-US');

/** A table of which the first `numbers` columns are numbers. */
export function markdown(head, lines, numbers = 2) {
  return [head, head.map((_, at) => (at < numbers ? '---:' : '---')), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The middle of some numbers, and the least and the greatest. */
export function spread(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/** The least of some numbers that `percent` of them do not exceed. */
export function percentile(numbers, percent) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
}
