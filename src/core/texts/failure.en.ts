export const en = {
  "class.capacity": "The model is at capacity.",
  "class.rate_limit": "The provider limits requests right now.",
  "class.usage_limit": "The usage limit of this account is reached.",
  "class.auth": "The agent is not signed in, or its key was refused.",
  "class.context_overflow": "The conversation no longer fits into the model's context.",
  "class.empty_response": "The model answered nothing.",
  "class.transport": "The connection to the model was lost.",
  "class.timeout": "The agent said nothing for too long.",
  "class.crashed": "The agent's process ended unexpectedly.",
  "class.refused": "The model refused this request.",
  "class.stopped": "Stopped.",
  "class.bad_request": "The agent could not accept this request.",
  "class.unknown": "The agent reported an error.",

  "reason.not_installed": "{agent} is not installed. Install it with: {command}",
  "reason.not_installed.unknown_command": "{agent} is not installed. Set {key} to its program.",
  "reason.program_missing":
    "{agent}'s program, set in {key}, is missing or may not be executed. Correct {key}, or install it with: {command}",
  "reason.program_missing.unknown_command":
    "{agent}'s program, set in {key}, is missing or may not be executed. Correct {key}.",
  "reason.too_old": "{agent} {version} is too old: {minimum} or newer is needed. Update it with: {command}",
  "reason.version_unreadable": "{agent} does not tell its version. Install it again with: {command}",
  "reason.not_configured":
    "The agent {agent} is not configured on this machine. Put it back into config.json, or start a session with another one.",
  "reason.not_started": "{agent} could not be started. What is wrong: remoteagent doctor",
  "reason.program_not_found":
    "{agent} could not be started: its program was not found. What is missing: remoteagent doctor",
  "reason.program_not_executable":
    "{agent} could not be started: its program may not be executed. Give this user the right to.",
  "reason.ended_at_start": "{agent} ended while it started. Start it once in a terminal to see why.",
  "reason.no_answer":
    "{agent} did not answer “{request}” within {seconds} s. Start it once in a terminal to see why.",
  "reason.sign_in_offered":
    "{agent} is not signed in. It offers: {methods}. Sign in on this machine with its own program, or name the way in providers.acp.<name>.authMethod.",
  "reason.hangs":
    "{agent} was running but hung: it no longer answered “{request}”, so it was ended. Look at what it has done before you send this again.",
  "reason.protocol_mismatch":
    "{agent} speaks version {version} of the agents' protocol; 1 is needed. Install a version that speaks it.",
  "reason.answer_not_understood":
    "What {agent} answered was not understood. Update the agent, or RemoteAgent.",
  "reason.adapter_failed": "RemoteAgent's part for {agent} failed: this is a defect of RemoteAgent.",
  "reason.sign_in_unreadable": "{agent} does not tell who is signed in. Update it with: {command}",

  "reason.not_signed_in": "{agent} is not signed in, or its key was refused. On the machine, run: {command}",
  "reason.not_signed_in.unknown_command":
    "{agent} is not signed in, or its key was refused. Sign in on the machine, then send it again.",
  "reason.key_variable_missing":
    "The model provider's key is missing: set {variable} in this agent's environment.",
  "reason.organisation_not_allowed":
    "The organisation of this account does not allow {agent}. Sign in with another account, or ask its administrator.",
  "reason.credit_too_low": "The credit balance of this account is too low. Add credit, then send it again.",
  "reason.model_unavailable":
    "The chosen model does not exist, or this account may not use it. Choose another model.",
  "reason.model_provider_unknown":
    "The model provider of this session is not in {agent}'s configuration. Add it there, or start a new session.",
  "reason.server_status": "The model's server refused the request with status {status}.",
  "reason.server_status.failing": "The model's server answered with status {status}. Try again later.",
  "reason.answer_too_long":
    "The answer was longer than the model may write at once. Ask for it in smaller parts.",
  "reason.not_compacted": "The conversation was not compacted.",
  "reason.answer_cut_off": "The model ended its answer early. Ask it to go on.",
  "reason.step_limit": "{agent} reached its own limit of steps. Ask it to go on.",
  "reason.too_many_denials": "{agent} gave up after too many denied actions.",

  "reason.busy": "{agent} still works on another prompt. Wait for it or stop it, then send this again.",
  "reason.open_elsewhere":
    "This session is open in another {agent}, and two writers would split the conversation. Close it there, or start a new session here.",
  "reason.in_background": "{agent} works on this session in its background. End it there with: {command}",
  "reason.session_unknown": "{agent} does not know this session any more. Start a new one.",
  "reason.session_deleted":
    "{agent} no longer has this conversation; it deletes old ones. Start a new session.",
  "reason.cannot_resume": "{agent} cannot continue an earlier session. Start a new one.",
  "reason.not_reopened":
    "{agent} could not reopen this session; it may no longer know it. Try again, or start a new one.",
  "reason.workspace_gone":
    "The session's directory does not exist any more. Make it again, or begin anew with /new.",
  "reason.attachment_unreadable": "An attached file could not be read. Send it again.",

  "reason.setting_unavailable": "{agent} offers no choice of {setting}. Leave it at its default.",
  "reason.setting_not_offered": "{agent} does not offer the {setting} “{value}”. Choose another one.",
  "reason.settings_unknown": "{agent} does not know one of the chosen settings. Choose others, or update it.",
  "reason.asking_mode_gone":
    "{agent} no longer offers its asking mode “{mode}”, so nothing was sent to it. Choose another mode.",
  "reason.root_refused":
    "{agent} refuses to run without asking as root. Choose another mode, or, only if this machine is itself a sandbox, set IS_SANDBOX=1 in this agent's environment.",
  "setting.model": "model",
  "setting.effort": "effort",
  "setting.mode": "mode",

  "reason.sandbox_failed": "{agent}'s sandbox failed. What it needs: remoteagent doctor",
  "reason.sandbox_cannot_start":
    "{agent}'s sandbox cannot start on this machine, so every command and every change is asked for.",
  "reason.sandbox_needs_namespaces":
    "{agent}'s sandbox needs unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0). Without them every command and every change is asked for.",
  "reason.sandbox_needs_programs":
    "{variable} is set, which needs programs that are not installed: {programs}. Install them, or remove the setting.",

  "reason.request_unknown":
    "{agent} asked for something unknown ({request}); it was refused. A newer RemoteAgent may know it.",
  "reason.request_needs_machine":
    "{server} asked for something that can only be done at the machine itself; it was declined.",
  "reason.history_not_saved":
    "{agent} could not save part of the conversation: the disk or the quota is full. Free some space.",

  "reason.approval_empty":
    "{agent} asked to use a tool ({tool}) and did not say for what. I denied it, because nobody could see what it would allow.",
  "reason.approval_too_long":
    "{agent} asked to use a tool ({tool}) with more text than can be shown. I denied it and asked for smaller steps.",

  "reason.disk_full": "The disk of this machine is full or fails. Free some space; then it goes on.",
  "reason.host_cannot_start":
    "The agents' host cannot start (remoteagent doctor says more); it is tried again.",
  "reason.host_held":
    "Another host (process {pid}) holds the data directory and does not answer; it is tried again. It helps to end that process.",
  "reason.host_incompatible":
    "The agents' host is of another version and cannot be talked to. When its agents are done, run: remoteagent stop --agents, then start it again.",
  "reason.host_gone": "The agents' host has just ended; it is started again.",
  "reason.host_silent":
    "The agents' host has stopped answering. If it stays so for a minute, it is ended and started again; what you sent waits here.",
  "reason.host_late": "No answer came within {seconds} seconds. Try it again.",
  "reason.host_taken":
    "The agents' host serves another RemoteAgent that uses this data directory. End that one first.",
  "reason.host_fault": "The agents' host failed. What is wrong: remoteagent doctor",
} as const
