/** How good scores are. Labels are booleans, scores are any numbers that rise with suspicion. */

/** A run of labelled rows, both ends inside. */
export interface Segment {
  readonly from: number
  readonly to: number
}

export interface Flagged {
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/**
 * Average precision: Σ (Rₙ − Rₙ₋₁) Pₙ over falling thresholds, equal scores taken at once. 0 without a positive label.
 */
export function averagePrecision(scores: ArrayLike<number>, labels: readonly boolean[]): number {
  let found = 0
  let sum = 0
  const positives = labels.filter(Boolean).length
  forEachTie(scores, labels, (hits, taken) => {
    found += hits
    sum += (hits * found) / taken
  })
  return positives === 0 ? 0 : sum / positives
}

/** Area under the ROC curve: the chance that a positive scores above a negative, ties a half. 0.5 without both kinds. */
export function areaUnderRoc(scores: ArrayLike<number>, labels: readonly boolean[]): number {
  const positives = labels.filter(Boolean).length
  const negatives = labels.length - positives
  if (positives === 0 || negatives === 0) return 0.5
  let above = 0
  let wins = 0
  let seen = 0
  forEachTie(scores, labels, (hits, taken) => {
    const misses = taken - seen - hits
    wins += misses * (above + hits / 2)
    above += hits
    seen = taken
  })
  return wins / (positives * negatives)
}

/** Share of positives above the score that at most `rate` of the negatives pass. */
export function hitsAtFalseAlarms(
  scores: readonly number[],
  labels: readonly boolean[],
  rate: number,
): number {
  const negatives = scores.filter((_, row) => labels[row] === false).sort((a, b) => b - a)
  const limit = negatives[Math.floor(negatives.length * rate)] ?? Number.NEGATIVE_INFINITY
  const positives = scores.filter((_, row) => labels[row] === true)
  return positives.length === 0 ? 0 : positives.filter((score) => score > limit).length / positives.length
}

/**
 * Event-wise F1 at a threshold: recall counts events (one flagged row finds an event), precision counts rows. A scorer that
 * flags everything finds each event and pays with its precision; no row is flagged because its neighbour was.
 */
export function eventF1(scores: ArrayLike<number>, labels: readonly boolean[], threshold: number): Flagged {
  let flagged = 0
  let right = 0
  labels.forEach((label, row) => {
    if ((scores[row] ?? 0) < threshold) return
    flagged += 1
    if (label) right += 1
  })
  const events = segmentsOf(labels)
  const found = events.filter(({ from, to }) => {
    for (let row = from; row <= to; row += 1) if ((scores[row] ?? 0) >= threshold) return true
    return false
  }).length
  return harmonic(flagged === 0 ? 0 : right / flagged, events.length === 0 ? 0 : found / events.length)
}

/** Runs of true labels. */
export function segmentsOf(labels: readonly boolean[]): Segment[] {
  const found: { from: number; to: number }[] = []
  labels.forEach((label, row) => {
    const last = found.at(-1)
    if (label && last?.to === row - 1) last.to = row
    else if (label) found.push({ from: row, to: row })
  })
  return found
}

/** F1 of each class and their mean over classes that occur among the labels. */
export function macroF1(
  predicted: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): { readonly macro: number; readonly byClass: readonly Flagged[] } {
  const counts = Array.from({ length: classes }, () => ({ hit: 0, predicted: 0, labelled: 0 }))
  for (let row = 0; row < labels.length; row += 1) {
    const label = counts[labels[row] ?? -1]
    const guess = counts[predicted[row] ?? -1]
    if (label !== undefined) label.labelled += 1
    if (guess !== undefined) guess.predicted += 1
    if (guess !== undefined && guess === label) guess.hit += 1
  }
  const byClass = counts.map(({ hit, predicted: guesses, labelled }) =>
    harmonic(guesses === 0 ? 0 : hit / guesses, labelled === 0 ? 0 : hit / labelled),
  )
  const present = byClass.filter((_, place) => (counts[place]?.labelled ?? 0) > 0)
  const macro = present.reduce((sum, { f1 }) => sum + f1, 0) / Math.max(1, present.length)
  return { macro, byClass }
}

/** Root of the mean squared difference. */
export function rmse(predicted: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let sum = 0
  for (let row = 0; row < wanted.length; row += 1) {
    const difference = (predicted[row] ?? 0) - (wanted[row] ?? 0)
    sum += difference * difference
  }
  return Math.sqrt(sum / Math.max(1, wanted.length))
}

function harmonic(precision: number, recall: number): Flagged {
  const f1 = precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall)
  return { precision, recall, f1 }
}

/** Calls with the positives of each group of equal scores, from the highest down, and how many rows that makes in all. */
function forEachTie(
  scores: ArrayLike<number>,
  labels: readonly boolean[],
  visit: (hits: number, taken: number) => void,
): void {
  const order = labels.map((_, row) => row).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))
  let hits = 0
  order.forEach((row, place) => {
    if (labels[row] === true) hits += 1
    const next = order[place + 1]
    if (next !== undefined && scores[next] === scores[row]) return
    visit(hits, place + 1)
    hits = 0
  })
}
