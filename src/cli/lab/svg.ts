import type { Figure } from '../../lab/analyse.ts'

export interface Bar {
  readonly label: string
  readonly figure: Figure
}

const WIDTH = 720
const LEFT = 260
const RIGHT = 90
const ROW = 22
const TOP = 28

/** Figures of one measure as points on a line, with their 95 % intervals. */
export function dotPlot(title: string, bars: readonly Bar[]): string {
  const shown = bars.filter(({ figure }) => figure.value !== null)
  const ends = shown.flatMap(({ figure: { value, ci95 } }) => [
    value ?? 0,
    ci95?.low ?? value ?? 0,
    ci95?.high ?? value ?? 0,
  ])
  const low = Math.min(0, ...ends)
  const high = Math.max(low + 1e-9, ...ends)
  const x = (value: number): string =>
    (LEFT + ((value - low) / (high - low)) * (WIDTH - LEFT - RIGHT)).toFixed(1)
  const height = TOP + ROW * bars.length + 24
  const rows = bars.map(({ label, figure: { value, ci95, n } }, i) => {
    const y = TOP + ROW * i + ROW / 2
    const name = `<text x="${LEFT - 10}" y="${y + 4}" text-anchor="end">${escape(label)}</text>`
    if (value === null)
      return `${name}<text x="${LEFT}" y="${y + 4}" class="none">not enough (n = ${n})</text>`
    const line =
      ci95 === null
        ? ''
        : `<line x1="${x(ci95.low)}" x2="${x(ci95.high)}" y1="${y}" y2="${y}" class="interval"/>`
    const figure = `<text x="${WIDTH - RIGHT + 10}" y="${y + 4}">${short(value)}</text>`
    return `${name}${line}<circle cx="${x(value)}" cy="${y}" r="4"/>${figure}`
  })
  const axis = `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${height - 20}" y2="${height - 20}" class="axis"/>`
  const marks = `<text x="${LEFT}" y="${height - 5}">${short(low)}</text><text x="${WIDTH - RIGHT}" y="${height - 5}" text-anchor="end">${short(high)}</text>`
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(title)}"><title>${escape(title)}</title>${rows.join('')}${axis}${marks}</svg>`
}

/** At most four digits that count; more just below 1. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e7)) return value.toExponential(2)
  // of an availability the nines are what counts
  return String(Number(value.toPrecision(value > 0.99 && value < 1 ? 7 : 4)))
}

export function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
