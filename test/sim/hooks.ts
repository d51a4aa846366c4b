/** What Node does not let be replaced in place is replaced where it is imported; only before the product is loaded. */
import { registerHooks } from "node:module"

const MINE = new URL("./sqlite.ts", import.meta.url).href

export function hookImports(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const isWanted = specifier === "node:sqlite" && context.parentURL?.endsWith("/src/ledger/backups.ts")
      return isWanted ? { url: MINE, shortCircuit: true } : next(specifier, context)
    },
  })
}
