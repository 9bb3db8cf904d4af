import type { Block } from './report.ts'
import { dotPlot, escape } from './svg.ts'

const TITLE = 'Experiments'
const LEAD = [
  'Every figure of the documents on balancing and resilience (000) and on a telecom network (001) that can be measured here,',
  'measured. `rsdp lab report` writes this page from the result files. [laboratory.md](laboratory.md) says what is modelled.',
  'Brackets hold 95 % intervals. n counts seeds. "open": the interval holds both answers. Percentiles come from merged histograms.',
]

/** The page of the docs. */
export function markdownOf(blocks: readonly Block[]): string {
  const parts = blocks.flatMap((block): string[] => {
    switch (block.kind) {
      case 'heading':
        return [`## ${block.text}`]
      case 'text':
        return [block.text]
      case 'command':
        return [`\`${block.text}\``]
      case 'table': {
        if (block.rows.length === 0) return ['None yet.']
        const line = (cells: readonly string[]): string =>
          `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
        return [
          [line(block.head), `|${block.head.map(() => '---|').join('')}`, ...block.rows.map(line)].join('\n'),
        ]
      }
      case 'plot':
        return []
    }
  })
  return `# ${TITLE}\n\n${LEAD.join('\n')}\n\n${parts.join('\n\n')}\n`
}

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;font-size:13px;display:block;overflow-x:auto}td,th{border:1px solid #d0d7de;padding:3px 7px;text-align:left}
code{background:#f2f4f6;padding:1px 4px}svg{width:100%;max-width:45rem;font:11px system-ui,sans-serif}circle{fill:#0b5cad}
.interval{stroke:#0b5cad;stroke-width:2}.axis{stroke:#8c959f}.none{fill:#8c959f}h2{margin-top:2.5rem}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}svg text{fill:#e6edf3}code{background:#21262d}td,th{border-color:#30363d}circle{fill:#58a6ff}.interval{stroke:#58a6ff}}`

/** The same as one file with pictures, which needs nothing else. */
export function htmlOf(blocks: readonly Block[]): string {
  const cell = (tag: string) => (text: string) => `<${tag}>${code(text)}</${tag}>`
  const parts = blocks.map((block) => {
    switch (block.kind) {
      case 'heading':
        return `<h2>${escape(block.text)}</h2>`
      case 'text':
        return `<p>${code(block.text)}</p>`
      case 'command':
        return `<p><code>${escape(block.text)}</code></p>`
      case 'table':
        return `<table><thead><tr>${block.head.map(cell('th')).join('')}</tr></thead><tbody>${block.rows.map((row) => `<tr>${row.map(cell('td')).join('')}</tr>`).join('')}</tbody></table>`
      case 'plot':
        return `<figure><figcaption>${escape(block.title)}</figcaption>${dotPlot(block.title, block.bars)}</figure>`
    }
  })
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${TITLE}</title><style>${STYLE}</style></head>\n<body><h1>${TITLE}</h1><p>${LEAD.map(code).join(' ')}</p>\n${parts.join('\n')}\n</body></html>\n`
}

function code(text: string): string {
  return escape(text)
    .replaceAll(/`([^`]*)`/g, '<code>$1</code>')
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
}
