/**
 * Builds `dist` from `src`: a file for each program we start, with what it needs of the libraries. It starts in half the
 * time of the sources and in less memory. A running program still finds its parts: old ones go only with `--clean`.
 */
import { rmSync } from "node:fs"
import { join } from "node:path"
import { rolldown } from "rolldown"
import type { OwnProgram } from "../src/platform/installation.ts"

const root = join(import.meta.dirname, "..")
const programs: readonly (OwnProgram | "cli/main")[] = [
  "cli/main",
  "host/main",
  "providers/demo/main",
  "ledger/integrity",
]

if (process.argv.includes("--clean")) rmSync(join(root, "dist"), { recursive: true, force: true })
await using bundle = await rolldown({
  input: Object.fromEntries(programs.map((name) => [name, join(root, "src", `${name}.ts`)])),
  cwd: root,
  platform: "node",
})
await bundle.write({
  dir: join(root, "dist"),
  format: "esm",
  // Names stay as they are: an error's stack is read by people.
  minify: { compress: true, mangle: false, codegen: true },
  entryFileNames: "[name].js",
  chunkFileNames: "parts/[name]-[hash].js",
})
