import type { Prompt } from "../protocol/session.ts"

/**
 * What a further attempt says. An attempt that did nothing yet is simply repeated; after one that ran commands or
 * changed files, the same words would make the agent do them again.
 */
export function retryPrompt(prompt: Prompt, { hadEffects }: { hadEffects: boolean }): Prompt {
  if (!hadEffects) return prompt
  return {
    text:
      "The previous attempt was cut off by a passing error after part of the work was done. " +
      "Check what is already done, do not repeat it, and finish this request:\n\n" +
      prompt.text,
    files: prompt.files,
  }
}
