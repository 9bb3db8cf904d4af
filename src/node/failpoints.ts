const POINTS = [
  'record.before',
  /** Signed, but the transaction is open. */
  'record.signed',
  'record.after',
  'checkpoint.signed',
  'append.before',
  'append.after',
  'send.before',
  'send.after',
  'decided.before',
  'decided.after',
] as const

/** A place in the driver around which a crash must do no harm. */
export type FailPoint = (typeof POINTS)[number]

const armed = parse(process.env['RSDP_FAIL_AT'])

/** Does nothing, unless RSDP_FAIL_AT=point:n is set: then the process kills itself at the n-th passage, as a power cut would. */
export function failPoint(point: FailPoint): void {
  if (armed?.point !== point) return
  armed.left -= 1
  if (armed.left === 0) process.kill(process.pid, 'SIGKILL')
}

function parse(text = ''): { readonly point: FailPoint; left: number } | null {
  const [, name, count] = /^(.+):([1-9]\d{0,8})$/.exec(text) ?? []
  const point = POINTS.find((known) => known === name)
  return point === undefined ? null : { point, left: Number(count) }
}
