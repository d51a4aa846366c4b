import { join } from "node:path"
import { createDemoProvider } from "../../src/providers/demo/provider.ts"
import { texts } from "../../src/providers/demo/texts.ts"
import { describeProvider, type World } from "./conformance.ts"
import { createSurroundings } from "./local-context.ts"

async function createWorld(): Promise<World> {
  const surroundings = createSurroundings({ hosted: true })
  const { workspace, supervisor } = surroundings
  const create = () => createDemoProvider(surroundings.context({}))
  const killAgent = async (): Promise<void> => {
    const pids = supervisor.running()
    for (const pid of pids) process.kill(-pid, "SIGKILL")
    await supervisor.ended(pids)
  }
  const { en } = texts
  return {
    provider: create(),
    workspace,
    killAgent,
    script: {
      reply: (word) => ({ prompt: word, answer: `${en.label}\n\n${en.youSaid(word)}\n\n${en.intro}` }),
      needApproval: () => ({ prompt: "write", evidence: join(workspace, "demo.txt") }),
      question: () => ({
        prompt: "ask",
        answers: () => ({ color: ["Green"], tools: ["Telegram", "Terminal"], name: ["Ada"] }),
        seen: en.answered(["Green", "Telegram, Terminal", "Ada"]),
      }),
      hang: () => "slow",
      fail: () => "error",
    },
    async reborn() {
      await killAgent()
      return create()
    },
    processes: () => supervisor.running(),
    close: () => surroundings.close(),
  }
}

describeProvider("demo", {
  createWorld,
  traits: {
    steers: false,
    provesConsumption: true,
    listsNative: true,
    settings: { model: "thoughtful" },
    models: 2,
    noticesIdleDeath: true,
  },
})
