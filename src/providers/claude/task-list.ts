/** Claude Code's to-do list as a plan item. It is told as a whole (`TodoWrite`) or piece by piece (`Task…`). */
import { z } from "zod"
import { ItemId } from "../../protocol/ids.ts"
import type { Item, PlanStep } from "../../protocol/session.ts"

const TodoWrite = z.looseObject({
  todos: z.array(z.looseObject({ content: z.string(), status: z.string().optional() })),
})
const Created = z.looseObject({ task: z.looseObject({ id: z.string(), subject: z.string() }) })
const Update = z.looseObject({
  taskId: z.string(),
  status: z.string().optional(),
  subject: z.string().optional(),
})

const tools = new Set(["TodoWrite", "TaskCreate", "TaskUpdate", "TaskList", "TaskGet"])

export class TaskList {
  readonly #tasks = new Map<string, PlanStep>()

  /** Calls of these tools are shown as the plan that they change, not as calls. */
  owns(tool: string): boolean {
    return tools.has(tool)
  }

  /** The plan after a call that succeeded, or null when the call changed nothing. */
  apply(tool: string, input: unknown, detail: unknown): Item | null {
    switch (tool) {
      case "TodoWrite":
        return this.#replace(input)
      case "TaskCreate": {
        const created = Created.safeParse(detail)
        if (!created.success) return null
        this.#tasks.set(created.data.task.id, { text: created.data.task.subject, status: "pending" })
        return this.#plan()
      }
      case "TaskUpdate":
        return this.#update(input)
      default:
        return null
    }
  }

  #replace(input: unknown): Item | null {
    const todos = TodoWrite.safeParse(input)
    if (!todos.success) return null
    this.#tasks.clear()
    for (const [index, todo] of todos.data.todos.entries()) {
      this.#tasks.set(String(index), { text: todo.content, status: statusOf(todo.status) })
    }
    return this.#plan()
  }

  #update(input: unknown): Item | null {
    const update = Update.safeParse(input)
    const task = update.success ? this.#tasks.get(update.data.taskId) : undefined
    if (!update.success || task === undefined) return null
    const { taskId, status, subject } = update.data
    if (status === "deleted") this.#tasks.delete(taskId)
    else {
      const next = status === undefined ? task.status : statusOf(status)
      this.#tasks.set(taskId, { text: subject ?? task.text, status: next })
    }
    return this.#plan()
  }

  #plan(): Item {
    const steps = [...this.#tasks.values()]
    const done = steps.every((step) => step.status === "completed")
    return { id: ItemId.parse("tasks"), kind: "plan", status: done ? "completed" : "running", steps }
  }
}

function statusOf(status: string | undefined): PlanStep["status"] {
  if (status === "in_progress") return "running"
  return status === "completed" ? "completed" : "pending"
}
