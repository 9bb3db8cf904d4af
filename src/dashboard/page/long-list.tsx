import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { listWindow, rowByKey, scrollToRow } from '../model/window.ts'

/** Of every row, px; the style sheet says the same. */
const ROW_PX = { wide: 38, narrow: 58 }
const NARROW = matchMedia('(max-width: 640px)')

export interface LongListInit {
  readonly label: string
  readonly rows: number
  /** Index of the row that the reader chose; null: none that is in the list. */
  readonly chosen: number | null
  readonly onChoose: (index: number) => void
  /** Of the element of a row. */
  readonly idOf: (index: number) => string
  readonly draw: (index: number, topPx: number) => JSX.Element
}

/** A list of which only what is in view is in the document. Arrows, pages, Home and End choose a row. */
export function LongList({ label, rows, chosen, onChoose, idOf, draw }: LongListInit): JSX.Element {
  const list = useRef<HTMLDivElement>(null)
  const [scroll, setScroll] = useState({ top: 0, view: 420, rowPx: rowPx() })
  const measure = (): void => {
    const { current } = list
    if (current === null) return
    setScroll({ top: current.scrollTop, view: current.clientHeight, rowPx: rowPx() })
  }
  useEffect(() => {
    measure()
    addEventListener('resize', measure)
    return () => removeEventListener('resize', measure)
  }, [])
  const { from, to, height } = listWindow(rows, scroll.rowPx, scroll.top, scroll.view)
  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(scroll.view / scroll.rowPx) - 1)
    const next = rowByKey(event.key, chosen ?? -1, rows, page)
    if (next === null || list.current === null) return
    event.preventDefault()
    onChoose(next)
    list.current.scrollTop = scrollToRow(next, scroll.rowPx, list.current.scrollTop, scroll.view)
    measure()
  }
  return (
    <div
      class="list"
      ref={list}
      role="listbox"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={chosen === null ? undefined : idOf(chosen)}
      onScroll={measure}
      onKeyDown={onKeyDown}
    >
      <div style={{ height: `${height}px`, position: 'relative' }} role="presentation">
        {Array.from({ length: to - from }, (_, i) => draw(from + i, (from + i) * scroll.rowPx))}
      </div>
    </div>
  )
}

const rowPx = (): number => (NARROW.matches ? ROW_PX.narrow : ROW_PX.wide)
