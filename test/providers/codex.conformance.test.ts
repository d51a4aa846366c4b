import { join } from "node:path"
import { codexBinary } from "../agents/install.ts"
import { createCodexWorld } from "./codex-world.ts"
import { describeProvider, type World } from "./conformance.ts"

const binary = codexBinary()

async function createWorld(codex: string): Promise<World> {
  const world = await createCodexWorld(codex)
  const { model, workspace } = world
  const evidence = join(workspace, "evidence")
  return {
    provider: world.provider,
    workspace,
    killAgent: world.killAgents,
    script: {
      reply(word) {
        model.scriptFor(word).reply(`You said ${word}.`)
        return { prompt: word, answer: `You said ${word}.` }
      },
      needApproval() {
        model.script.command(`touch ${evidence}`, { escalated: true })
        model.script.reply("I tried.")
        return { prompt: "make the file", evidence }
      },
      hang() {
        model.scriptFor("work for long").reply("working on it", { gated: true })
        return "work for long"
      },
      fail() {
        model.script.fail("unauthorized")
        return "fail"
      },
    },
    async reborn() {
      await world.killHostsAndAgents()
      return world.create()
    },
    processes: () => world.processes(),
    close: () => world.close(),
  }
}

if (binary !== null) {
  describeProvider("codex", {
    createWorld: () => createWorld(binary),
    traits: {
      steers: true,
      provesConsumption: true,
      listsNative: true,
      settings: { model: "gpt-6-sol", effort: "high", mode: "never_ask", sandbox: "read-only" },
      models: 3,
      noticesIdleDeath: true,
    },
  })
}
