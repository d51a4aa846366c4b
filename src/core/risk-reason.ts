export type RiskLevel = "low" | "medium" | "high"

/** How bad each reason is by itself; a card shows the worst. */
export const RISK_LEVELS = {
  uses_network: "low",
  deletes_files: "low",
  deletes_recursively: "medium",
  discards_work: "medium",
  installs_packages: "medium",
  runs_downloaded_code: "medium",
  runs_inline_code: "medium",
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
