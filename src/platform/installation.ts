/** The installation this program runs from: a checkout's `src` or the build of it in `dist`. */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { z } from "zod"

const Package = z.object({ name: z.string(), version: z.string() })

/** The version of the installed package. */
export function ownVersion(): string {
  return Package.parse(JSON.parse(readFileSync(join(root(), "package.json"), "utf8"))).version
}

/** The version that is there now, where an upgrade is not in the middle of replacing it. */
export function installedVersion(): string | undefined {
  try {
    return ownVersion()
  } catch {
    return undefined
  }
}

/** What runs in a process or thread of its own: each is an entry of `scripts/build.ts`. */
export type OwnProgram = "host/main" | "providers/demo/main" | "ledger/integrity"

/** The file to start it by: built if this is, from the sources if this is. */
export function ownProgram(name: OwnProgram): string {
  return import.meta.filename.endsWith(".ts")
    ? join(root(), "src", `${name}.ts`)
    : join(root(), "dist", `${name}.js`)
}

/** Where the nearest package.json above this file is: the same in `src`, in `dist` and in a chunk of it. */
function root(): string {
  for (let directory = import.meta.dirname; ; directory = dirname(directory)) {
    if (existsSync(join(directory, "package.json"))) return directory
    if (directory === dirname(directory)) {
      throw new Error("the installation is incomplete: package.json is missing")
    }
  }
}
