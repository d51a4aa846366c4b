/** What an agent works towards by itself. */
export const en = {
  "goal.active": "Works towards its goal: {objective}",
  "goal.paused": "Its goal is paused: {objective}",
  "goal.blocked": "Its goal is blocked: {objective}",
  "goal.limited": "A limit ended the work on its goal: {objective}",
  "goal.reached": "Goal reached: {objective}",
  "goal.spent": "{tokens} tokens",
  "goal.spent_of": "{tokens} of {budget} tokens",
} as const
