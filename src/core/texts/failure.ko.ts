import type { en } from "./failure.en.ts"
import type { Translation } from "./text.ts"

export const ko: Translation<typeof en> = {
  "class.capacity": "모델이 포화 상태입니다.",
  "class.rate_limit": "제공자가 요청을 제한하고 있습니다.",
  "class.usage_limit": "이 계정의 사용 한도에 도달했습니다.",
  "class.auth": "에이전트에 로그인되어 있지 않거나 키가 거부되었습니다.",
  "class.context_overflow": "대화가 모델의 컨텍스트를 넘었습니다.",
  "class.empty_response": "모델이 아무 답도 하지 않았습니다.",
  "class.transport": "모델과의 연결이 끊어졌습니다.",
  "class.timeout": "에이전트가 너무 오래 응답하지 않았습니다.",
  "class.crashed": "에이전트 프로세스가 예기치 않게 종료되었습니다.",
  "class.refused": "모델이 이 요청을 거절했습니다.",
  "class.stopped": "중지했습니다.",
  "class.bad_request": "에이전트가 이 요청을 받아들이지 못했습니다.",
  "class.unknown": "에이전트가 오류를 보고했습니다.",

  "reason.not_installed": "{agent}이(가) 설치되어 있지 않습니다. 설치: {command}",
  "reason.not_installed.unknown_command":
    "{agent}이(가) 설치되어 있지 않습니다. {key}에 프로그램 경로를 설정하세요.",
  "reason.program_missing":
    "{key}에 설정된 {agent} 프로그램이 없거나 실행 권한이 없습니다. {key}을(를) 고치거나 다음으로 설치하세요: {command}",
  "reason.program_missing.unknown_command":
    "{key}에 설정된 {agent} 프로그램이 없거나 실행 권한이 없습니다. {key}을(를) 고치세요.",
  "reason.too_old":
    "{agent} {version} 버전은 너무 오래되었습니다. {minimum} 이상이 필요합니다. 업데이트: {command}",
  "reason.version_unreadable": "{agent}의 버전을 알 수 없습니다. 다시 설치하세요: {command}",
  "reason.not_configured":
    "이 컴퓨터에는 {agent} 에이전트가 설정되어 있지 않습니다. config.json에 다시 넣거나 다른 에이전트로 세션을 시작하세요.",
  "reason.not_started": "{agent}을(를) 시작하지 못했습니다. 원인 확인: remoteagent doctor",
  "reason.program_not_found":
    "{agent}을(를) 시작하지 못했습니다. 프로그램을 찾을 수 없습니다. 빠진 것 확인: remoteagent doctor",
  "reason.program_not_executable":
    "{agent}을(를) 시작하지 못했습니다. 프로그램에 실행 권한이 없습니다. 이 사용자에게 실행 권한을 주세요.",
  "reason.ended_at_start":
    "{agent}이(가) 시작하다가 종료되었습니다. 터미널에서 한 번 실행해 원인을 확인하세요.",
  "reason.no_answer":
    "{agent}이(가) {seconds}초 안에 “{request}”에 답하지 않았습니다. 터미널에서 한 번 실행해 원인을 확인하세요.",
  "reason.sign_in_offered":
    "{agent}에 로그인되어 있지 않습니다. 가능한 방법: {methods}. 이 컴퓨터에서 해당 프로그램으로 로그인하거나 providers.acp.<name>.authMethod에 방법을 적으세요.",
  "reason.hangs":
    "{agent}이(가) 실행 중이었지만 멈춰 있어서(“{request}”에 응답 없음) 종료했습니다. 다시 보내기 전에 무엇을 했는지 확인하세요.",
  "reason.protocol_mismatch":
    "{agent}이(가) 쓰는 에이전트 프로토콜은 버전 {version}입니다. 버전 1이 필요하니 이를 지원하는 버전을 설치하세요.",
  "reason.answer_not_understood":
    "{agent}의 응답을 이해하지 못했습니다. 에이전트나 RemoteAgent를 업데이트하세요.",
  "reason.adapter_failed": "RemoteAgent의 {agent} 연결 부분에 오류가 났습니다. RemoteAgent의 결함입니다.",
  "reason.sign_in_unreadable": "{agent}의 로그인 상태를 알 수 없습니다. 업데이트: {command}",

  "reason.not_signed_in":
    "{agent}에 로그인되어 있지 않거나 키가 거부되었습니다. 컴퓨터에서 실행하세요: {command}",
  "reason.not_signed_in.unknown_command":
    "{agent}에 로그인되어 있지 않거나 키가 거부되었습니다. 컴퓨터에서 로그인한 뒤 다시 보내세요.",
  "reason.key_variable_missing":
    "모델 제공자의 키가 없습니다. 이 에이전트의 환경에 {variable}을(를) 설정하세요.",
  "reason.organisation_not_allowed":
    "이 계정의 조직은 {agent} 사용을 허용하지 않습니다. 다른 계정으로 로그인하거나 관리자에게 문의하세요.",
  "reason.credit_too_low": "이 계정의 크레딧 잔액이 부족합니다. 충전한 뒤 다시 보내세요.",
  "reason.model_unavailable": "고른 모델이 없거나 이 계정으로는 사용할 수 없습니다. 다른 모델을 고르세요.",
  "reason.model_provider_unknown":
    "이 세션의 모델 제공자가 {agent} 설정에 없습니다. 설정에 추가하거나 새 세션을 시작하세요.",
  "reason.server_status": "모델 서버가 상태 {status}로 요청을 거부했습니다.",
  "reason.server_status.failing": "모델 서버가 상태 {status}로 응답했습니다. 나중에 다시 시도하세요.",
  "reason.answer_too_long": "답이 모델이 한 번에 쓸 수 있는 길이를 넘었습니다. 나누어서 요청하세요.",
  "reason.not_compacted": "대화를 압축하지 못했습니다.",
  "reason.answer_cut_off": "모델이 답을 끝까지 쓰지 못했습니다. 이어서 하라고 요청하세요.",
  "reason.step_limit": "{agent}이(가) 자체 단계 한도에 도달했습니다. 이어서 하라고 요청하세요.",
  "reason.too_many_denials": "거부된 작업이 너무 많아 {agent}이(가) 포기했습니다.",

  "reason.busy": "{agent}이(가) 아직 다른 요청을 처리하고 있습니다. 기다리거나 중지한 뒤 다시 보내세요.",
  "reason.open_elsewhere":
    "이 세션은 다른 {agent}에서 열려 있습니다. 두 곳에서 쓰면 대화가 갈라지니 그곳에서 닫거나 여기서 새 세션을 시작하세요.",
  "reason.in_background":
    "{agent}이(가) 백그라운드에서 이 세션을 처리하고 있습니다. 그곳에서 끝내세요: {command}",
  "reason.session_unknown": "{agent}에 이 세션이 더 이상 없습니다. 새 세션을 시작하세요.",
  "reason.session_deleted":
    "{agent}에 이 대화가 더 이상 없습니다. 오래된 대화는 삭제됩니다. 새 세션을 시작하세요.",
  "reason.cannot_resume": "{agent}은(는) 이전 세션을 이어서 할 수 없습니다. 새 세션을 시작하세요.",
  "reason.not_reopened":
    "{agent}이(가) 이 세션을 다시 열지 못했습니다. 세션이 없어졌을 수 있습니다. 다시 시도하거나 새 세션을 시작하세요.",
  "reason.workspace_gone":
    "세션의 작업 폴더가 더 이상 없습니다. 폴더를 다시 만들거나 /new 로 새로 시작하세요.",
  "reason.attachment_unreadable": "첨부한 파일을 읽지 못했습니다. 다시 보내 주세요.",

  "reason.setting_unavailable": "{agent}에서는 고를 수 없는 설정입니다: {setting}. 기본값을 쓰세요.",
  "reason.setting_not_offered": "{agent}에는 {setting} “{value}”이(가) 없습니다. 다른 것을 고르세요.",
  "reason.settings_unknown": "{agent}이(가) 모르는 설정이 있습니다. 다른 설정을 고르거나 업데이트하세요.",
  "reason.asking_mode_gone":
    "{agent}에 묻는 모드 “{mode}”가 더 이상 없어서 아무것도 보내지 않았습니다. 다른 모드를 고르세요.",
  "reason.root_refused":
    "{agent}은(는) root로는 묻지 않고 실행하기를 거부합니다. 다른 모드를 고르거나, 이 컴퓨터 자체가 샌드박스일 때만 이 에이전트의 환경에 IS_SANDBOX=1을 설정하세요.",
  "setting.model": "모델",
  "setting.effort": "추론 강도",
  "setting.mode": "모드",

  "reason.sandbox_failed": "{agent}의 샌드박스에 오류가 났습니다. 필요한 것 확인: remoteagent doctor",
  "reason.sandbox_cannot_start":
    "이 컴퓨터에서는 {agent}의 샌드박스를 시작할 수 없어 모든 명령과 변경을 하나씩 묻습니다.",
  "reason.sandbox_needs_namespaces":
    "{agent}의 샌드박스에는 비특권 사용자 네임스페이스가 필요합니다(sysctl kernel.unprivileged_userns_clone=1, Ubuntu에서는 kernel.apparmor_restrict_unprivileged_userns=0도). 없으면 모든 명령과 변경을 하나씩 묻습니다.",
  "reason.sandbox_needs_programs":
    "{variable} 설정에 필요한 프로그램이 설치되어 있지 않습니다: {programs}. 설치하거나 설정을 지우세요.",

  "reason.request_unknown":
    "{agent}이(가) 알 수 없는 것({request})을 요청해 거부했습니다. 새 버전의 RemoteAgent는 알 수도 있습니다.",
  "reason.request_needs_machine": "{server}이(가) 컴퓨터 앞에서만 할 수 있는 것을 요청해 거절했습니다.",
  "reason.history_not_saved":
    "{agent}이(가) 대화의 일부를 저장하지 못했습니다. 디스크나 할당량이 가득 찼으니 공간을 비우세요.",

  "reason.approval_empty":
    "{agent}이(가) 무엇을 할지 밝히지 않은 채 도구({tool})를 쓰겠다고 했습니다. 무엇을 허용하는지 볼 수 없어 제가 거부했습니다.",
  "reason.approval_too_long":
    "{agent}이(가) 다 보여 드릴 수 없을 만큼 긴 내용으로 도구({tool})를 쓰겠다고 했습니다. 제가 거부하고 작은 단계로 나누라고 했습니다.",

  "reason.disk_full": "이 컴퓨터의 디스크가 가득 찼거나 고장입니다. 공간을 비우면 이어서 진행합니다.",
  "reason.host_cannot_start":
    "에이전트 호스트를 시작할 수 없습니다(원인 확인: remoteagent doctor). 계속 다시 시도합니다.",
  "reason.host_held":
    "다른 호스트(프로세스 {pid})가 데이터 폴더를 잡고 응답하지 않습니다. 계속 다시 시도합니다. 그 프로세스를 종료하면 해결됩니다.",
  "reason.host_incompatible":
    "에이전트 호스트의 버전이 달라 통신할 수 없습니다. 에이전트 작업이 끝나면 remoteagent stop --agents 를 실행한 뒤 다시 시작하세요.",
  "reason.host_gone": "에이전트 호스트가 방금 종료되었습니다. 다시 시작합니다.",
  "reason.host_silent":
    "에이전트 호스트가 응답을 멈췄습니다. 1분 동안 계속되면 종료하고 다시 시작합니다. 보내신 내용은 여기에서 기다립니다.",
  "reason.host_late": "{seconds}초 안에 답이 오지 않았습니다. 다시 시도해 주세요.",
  "reason.host_taken":
    "이 데이터 폴더를 쓰는 다른 RemoteAgent가 에이전트 호스트에 연결되어 있습니다. 그것을 먼저 종료하세요.",
  "reason.host_fault": "에이전트 호스트에 오류가 났습니다. 원인 확인: remoteagent doctor",
}
