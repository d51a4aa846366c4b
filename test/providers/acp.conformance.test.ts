import { join } from "node:path"
import { describeProvider, type World } from "./conformance.ts"
import { createEchoWorld } from "./echo-world.ts"

async function createWorld(): Promise<World> {
  const { surroundings, provider, create } = createEchoWorld()
  const { workspace, supervisor } = surroundings
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
