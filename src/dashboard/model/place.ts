/** What a link into the page names. */
export interface Place {
  /** Decimal; null: the newest task. */
  readonly task: string | null
  readonly height: number | null
}

/** Reads a hash: `#task=3&height=12`. What it does not know it ignores. */
export function readPlace(hash: string): Place {
  const fields = new Map(
    hash
      .replace(/^#/, '')
      .split('&')
      .map((part): [string, string] => {
        const [name = '', value = ''] = part.split('=')
        return [name, value]
      }),
  )
  const number = (name: string): string | null => {
    const value = fields.get(name) ?? ''
    return /^[1-9]\d{0,8}$/.test(value) ? value : null
  }
  const height = number('height')
  return { task: number('task'), height: height === null ? null : Number(height) }
}

export function writePlace({ task, height }: Place): string {
  const parts = [...(task === null ? [] : [`task=${task}`]), ...(height === null ? [] : [`height=${height}`])]
  return `#${parts.join('&')}`
}
