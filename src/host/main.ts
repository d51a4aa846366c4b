/** `node main.ts --data-dir DIR [--ready-fd N]`: the host with every agent we know. */
import { runHostProgram } from "./program.ts"
import { createProviders } from "./providers.ts"

await runHostProgram(process.argv.slice(2), createProviders)
