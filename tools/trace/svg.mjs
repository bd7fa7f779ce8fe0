// Shared by the pictures: colours that work in light and dark mode and for colour-blind readers, and functions that write SVG.

/**
 * The colours of visits or POSTs, in turn: five of Okabe and Ito's that stand out on white and on black and differ for readers who do not see
 * red or green.
 */
export const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#aa4a8a', '#8a6d00'];
export const colour = (number) => `c${(number - 1) % COLOURS.length}`;

const LIGHT = { bg: '#ffffff', fg: '#1f2328', muted: '#57606a', lane: '#f3f5f7', moment: '#e4e9ee', line: '#c4ccd4', tint: 0.16, full: 0.62 };
const DARK = { bg: '#0d1117', fg: '#e6edf3', muted: '#a0a9b3', lane: '#161c24', moment: '#28313c', line: '#3d4651', tint: 0.3, full: 0.85 };
const variables = (theme) => Object.entries(theme).map(([name, value]) => `--${name}:${value}`).join(';');

const STYLE = `
.trace{${variables(LIGHT)};font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
@media(prefers-color-scheme:dark){.trace{${variables(DARK)}}}
.trace text{fill:var(--fg)}
.trace .bg{fill:var(--bg)}
.trace .title{font-size:19px;font-weight:600}
.trace .muted{fill:var(--muted)}
.trace .small{font-size:12px}
.trace .strong{font-weight:600}
.trace .mid{text-anchor:middle}
.trace .end{text-anchor:end}
.trace .on{fill:#fff;font-weight:600}
.trace .lane{fill:var(--lane)}
.trace .moment{fill:var(--moment)}
.trace .axis{stroke:var(--line);fill:none}
.trace .free{fill:none;stroke:var(--muted);stroke-dasharray:2 4}
.trace .ink{stroke:var(--fg);fill:none}
.trace .inked{fill:var(--fg)}
.trace .tint{fill-opacity:var(--tint)}
.trace .full{fill-opacity:var(--full)}
.trace .holds{stroke-width:2.5}
.trace .parks{stroke-width:1.5;stroke-dasharray:5 4}
.trace .arrow{fill:none;stroke:var(--fg);stroke-width:1.5;marker-end:url(#head)}
.trace marker path{fill:var(--fg)}
${COLOURS.map((value, at) => `.trace .c${at}{fill:${value};stroke:${value}}`).join('\n')}
.trace .solid{stroke:none}
.trace text.on{stroke:none}
`;

const escape = (text) => String(text).replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);
export const round = (number) => Math.round(number * 100) / 100;

export const rect = (x, y, width, height, classes, more = '') => `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(width, 0))}" height="${round(height)}" class="${classes}"${more}/>`;
export const path = (d, classes) => `<path d="${d}" class="${classes}"/>`;
export const text = (x, y, content, classes = '') => `<text x="${round(x)}" y="${round(y)}"${classes && ` class="${classes}"`}>${escape(content)}</text>`;

/** The first text that fits into a width, centred; empty if none does. A letter is at most 6.7 wide on average. */
export function fitting(from, to, y, texts, classes) {
  const content = texts.find((one) => one.length * 6.7 <= to - from - 8);
  return content === undefined ? '' : text((from + to) / 2, y, content, `mid ${classes}`);
}

/** A whole picture, as the text of an SVG file. */
export function picture(width, height, title, description, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" class="trace" role="img" aria-label="${escape(`${title}. ${description}`)}">
<title>${escape(title)}</title>
<style>${STYLE}</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>
${rect(0, 0, width, height, 'bg')}
${parts.flat(Infinity).filter(Boolean).join('\n')}
</svg>
`;
}

/** About `count` round numbers for an axis up to `end`. */
export function ticks(end, count) {
  const rough = end / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough);
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, at) => at * step);
}
