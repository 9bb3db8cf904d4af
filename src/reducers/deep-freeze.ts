/**
 * Freezes a plain value and all it holds, and returns it. Byte arrays stay writable (the language cannot freeze them),
 * so callers hand out copies. No cycles: decoded states are trees.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  Object.values(value).forEach(deepFreeze)
  return Object.freeze(value)
}
