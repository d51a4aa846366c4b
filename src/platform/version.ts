import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { z } from "zod"

const Package = z.object({ name: z.string(), version: z.string() })

/** The version of the installed package, from the nearest package.json above this file, in `src` and in `dist` alike. */
export function ownVersion(): string {
  for (let directory = import.meta.dirname; ; directory = dirname(directory)) {
    const file = join(directory, "package.json")
    if (existsSync(file)) return Package.parse(JSON.parse(readFileSync(file, "utf8"))).version
    if (directory === dirname(directory))
      throw new Error("the installation is incomplete: package.json is missing")
  }
}
