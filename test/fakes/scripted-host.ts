/** The real host with the scripted agent instead of the real ones. */
import { runHostProgram } from "../../src/host/program.ts"
import type { ProviderId } from "../../src/protocol/ids.ts"
import { createScriptedProvider } from "./scripted-provider.ts"

await runHostProgram(process.argv.slice(2), (_config, makeContext) => [
  createScriptedProvider(makeContext("demo" as ProviderId, {})),
])
