/** HTML that was made by `html`: everything in it that is not of this program is escaped. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Markup | readonly Markup[]

/** HTML from a literal. Strings and numbers put into it are texts, whatever they hold; inside of tags they need quotes around them. */
export function html(literal: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(literal.map((text, i) => text + (i < parts.length ? shown(parts[i] ?? '') : '')).join(''))
}

function shown(part: Part): string {
  if (part instanceof Markup) return part.text
  if (typeof part === 'object') return part.map(({ text }) => text).join('')
  return escapeText(String(part))
}

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' },
}

/** Control characters, and those that turn or hide the text around them: they are shown by their number. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

function escapeText(text: string): string {
  return text
    .replace(UNSEEN, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(/[&<>"'`]/g, (sign) => ENTITIES[sign] ?? '')
}
