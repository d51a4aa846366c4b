/** Writes docs/commands.md. Run it when the table of commands or their texts change. */
import { writeFileSync } from "node:fs"
import { commandsDoc } from "./commands-doc.ts"

writeFileSync(new URL("../docs/commands.md", import.meta.url), commandsDoc())
