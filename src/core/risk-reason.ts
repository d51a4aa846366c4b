export type RiskLevel = "low" | "medium" | "high"

/** How bad each reason is by itself; a card shows the worst. */
export const RISK_LEVELS = {
  /** Not one of the programs whose harm can be told by name and arguments. */
  not_known: "low",
  /** Tests, builds, package scripts: what they do is up to files that the agent may have changed. */
  runs_project_code: "low",
  writes_temporary: "low",
  uses_network: "low",
  deletes_files: "low",
  deletes_recursively: "medium",
  discards_work: "medium",
  installs_packages: "medium",
  runs_downloaded_code: "medium",
  runs_inline_code: "medium",
  /** A file is run by its path. */
  runs_script: "medium",
  /** A variable makes the program run or load something else. */
  changes_programs: "medium",
  reveals_environment: "medium",
  /** What an eye passes over or takes for something else. */
  hidden_characters: "medium",
  changes_permissions: "medium",
  changes_automation: "medium",
  kills_processes: "medium",
  publishes: "medium",
  uploads_data: "medium",
  reaches_other_machine: "medium",
  /** Not to be read: broken quotes, a program named by a variable, nothing told at all. */
  unclear: "medium",
  runs_as_root: "high",
  writes_outside_workspace: "high",
  deletes_workspace: "high",
  touches_credentials: "high",
  /** Our own program, sockets and data: with them an agent could act as the owner. */
  uses_remoteagent: "high",
  starts_agent: "high",
  pipes_download_to_shell: "high",
  obscured: "high",
  force_pushes: "high",
  formats_disk: "high",
  stops_machine: "high",
  changes_system: "high",
  destroys_resources: "high",
  weakens_isolation: "high",
  exhausts_machine: "high",
} as const satisfies Record<string, RiskLevel>

/** Codes; surfaces turn them into words. */
export type RiskReason = keyof typeof RISK_LEVELS
