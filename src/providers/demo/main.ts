/** The demonstration agent's program: `node main.ts <directory of its transcripts>`. */
import { demoScript } from "./agent.ts"
import { serveOnStdio } from "./stdio.ts"

const [stateDir] = process.argv.slice(2)
if (stateDir === undefined) {
  process.stderr.write("usage: main.ts <state directory>\n")
  process.exit(64)
}
await serveOnStdio(demoScript, stateDir)
