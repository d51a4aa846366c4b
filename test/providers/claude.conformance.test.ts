import { join } from "node:path"
import { claudeBinary } from "../agents/install.ts"
import { createClaudeWorld } from "./claude-world.ts"
import { describeProvider, type World } from "./conformance.ts"

const binary = claudeBinary()

async function createWorld(claude: string): Promise<World> {
  const world = await createClaudeWorld(claude)
  const { script } = world.model
  const evidence = join(world.workspace, "evidence")
  return {
    provider: world.provider,
    workspace: world.workspace,
    killAgent: world.killAgents,
    script: {
      reply(word) {
        script.reply(`You said ${word}.`, { when: word })
        return { prompt: word, answer: `You said ${word}.` }
      },
      needApproval() {
        script.tool("Bash", { command: `touch ${evidence}`, description: "leave evidence" })
        script.reply("I tried.")
        return { prompt: "make the file", evidence }
      },
      question() {
        const questions = [
          {
            question: "Which colour?",
            header: "Colour",
            multiSelect: false,
            options: [
              { label: "Red", description: "warm" },
              { label: "Blue", description: "cold" },
            ],
          },
        ]
        script.tool("AskUserQuestion", { questions })
        script.reply("Blue it is.")
        return { prompt: "ask me", answers: () => ({ 0: ["Blue"] }), seen: "Blue" }
      },
      hang() {
        script.reply("working on it", { gated: true, when: "work for long" })
        return "work for long"
      },
      fail() {
        script.fail("auth", { times: 2 })
        return "fail"
      },
    },
    async reborn() {
      await world.killAgents()
      return world.create()
    },
    processes: () => world.surroundings.supervisor.running(),
    close: () => world.close(),
  }
}

if (binary !== null) {
  describeProvider("claude", {
    createWorld: () => createWorld(binary),
    traits: {
      steers: true,
      provesConsumption: true,
      listsNative: true,
      settings: { mode: "acceptEdits", effort: "high" },
      models: 3,
      noticesIdleDeath: true,
    },
  })
}
