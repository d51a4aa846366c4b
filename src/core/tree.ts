/** Reading and changing a plain nested value by path. */

export type Tree = { [key: string]: unknown }
export type Path = readonly (string | number)[]

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

export function valueAt(tree: unknown, path: Path): unknown {
  let value = tree
  for (const part of path) {
    if (Array.isArray(value) && typeof part === "number") value = value[part]
    else if (isTree(value) && Object.hasOwn(value, part)) value = value[part]
    else return undefined
  }
  return value
}

/** Makes the objects on the way; one that is not an object gives way. */
export function setAt(tree: Tree, path: Path, value: unknown): void {
  const [first, ...rest] = path
  if (first === undefined) return
  if (rest.length === 0) {
    tree[first] = value
    return
  }
  const child = Object.hasOwn(tree, first) ? tree[first] : undefined
  const next: Tree = isTree(child) ? child : {}
  tree[first] = next
  setAt(next, rest, value)
}

export function removeAt(tree: Tree, path: Path): void {
  const last = path.at(-1)
  const parent = valueAt(tree, path.slice(0, -1))
  if (last === undefined) return
  if (Array.isArray(parent) && typeof last === "number") parent.splice(last, 1)
  else if (isTree(parent)) delete parent[last]
}
