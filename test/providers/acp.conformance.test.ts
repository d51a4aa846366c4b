import { join } from "node:path"
import { ProviderId } from "../../src/protocol/ids.ts"
import type { AcpProfile } from "../../src/providers/acp/profile.ts"
import { profileFor } from "../../src/providers/acp/profiles.ts"
import { createAcpProvider } from "../../src/providers/acp/provider.ts"
import type { Provider } from "../../src/providers/provider.ts"
import { describeProvider, type World } from "./conformance.ts"
import { createSurroundings } from "./local-context.ts"

const echoAgent = join(import.meta.dirname, "../fakes/acp-agent.ts")
/** As an agent that has to be put into its asking mode. */
const profile: AcpProfile = { ...profileFor("echo"), label: "Echo", approvals: { kind: "mode", ask: "ask" } }

async function createWorld(): Promise<World> {
  const surroundings = createSurroundings()
  const { workspace, supervisor } = surroundings
  const create = (): Provider =>
    createAcpProvider(
      ProviderId.parse("acp:echo"),
      profile,
      surroundings.context({ command: process.execPath, args: [echoAgent] }),
    )
  const provider = create()
  const killAgent = async (): Promise<void> => {
    const pids = supervisor.running()
    for (const pid of pids) process.kill(-pid, "SIGKILL")
    await supervisor.ended(pids)
  }
  return {
    provider,
    workspace,
    killAgent,
    script: {
      reply: (word) => ({ prompt: word, answer: `echo: ${word}` }),
      needApproval: () => ({ prompt: "[[perm touch evidence]]", evidence: join(workspace, "evidence") }),
      question: () => ({
        prompt: "[[ask]]",
        answers: ({ questions }) => ({ [questions[0]?.id ?? ""]: ["Blue"] }),
        seen: "answered b",
      }),
      hang: () => "[[hold forever]]",
      fail: () => "[[error 529 overloaded at /home/secret.ts:1]]",
    },
    async reborn() {
      await killAgent()
      return create()
    },
    processes: () => supervisor.running(),
    close: () => surroundings.close(),
  }
}

describeProvider("acp:echo", {
  createWorld,
  traits: {
    steers: false,
    provesConsumption: true,
    listsNative: true,
    settings: { model: "echo-2" },
    models: 2,
    noticesIdleDeath: true,
  },
})
