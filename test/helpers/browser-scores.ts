/** What the campaign runs in a browser: the code of the nodes, and nothing of Node. */
import { digestOfRange } from './score-windows.ts'

Object.assign(globalThis, { digestOfRange })
