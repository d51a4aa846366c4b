import type { en } from "./cli.en.ts"
import type { Translation } from "./text.ts"

export const ko: Translation<typeof en> = {
  "program.description": "이 컴퓨터에서 코딩 에이전트를 실행하고 텔레그램, 웹 페이지, 터미널에서 조종합니다.",
  "option.data_dir": "설정과 데이터 디렉터리(기본값: DATA_DIR, 없으면 ~/.remoteagent)",
  "option.json": "JSON으로 출력",
  "option.help": "이 도움말 보기",
  "option.version": "버전 보기",
  "option.no_local_ui": "로컬 웹 페이지를 열지 않음",
  "option.port": "로컬 웹 페이지의 포트(0은 빈 포트를 고름)",
  "option.agents": "에이전트와 진행 중인 작업도 끝냄",
  "option.wait": "답을 기다려 출력",
  "option.client_id": "이 프롬프트의 id: 같은 id는 두 번 보내지 않음",
  "option.log_id": "이 id의 줄과 보관된 내용만 보기",
  "option.lines": "먼저 보여 줄 이전 줄 수",
  "option.no_follow": "지금 있는 것만 출력하고 끝냄",
  "option.offline": "네트워크가 필요한 검사는 생략",
  "option.provider": "새 세션의 제공자",
  "option.workspace": "새 세션의 디렉터리",

  "start.description": "이 터미널에서 RemoteAgent 실행(기본 명령)",
  "stop.description": "실행 중인 RemoteAgent 중지. 에이전트는 계속 일하며 다시 연결됨",
  "status.description": "실행 상태 보기",
  "send.description": "세션에 프롬프트 보내기(텍스트 자리에 - 를 쓰면 표준 입력을 읽음)",
  "trace.description": "메시지에 일어난 모든 일 보기",
  "logs.description": "로그 따라 보기",
  "doctor.description": "모든 것을 검사하고 고치는 방법 알려 주기",
  "setup.description": "RemoteAgent를 설정하거나 기존 설정 바꾸기",
  "chat.description": "이 터미널에서 세션으로 작업하기",
  "argument.session": "세션, 예: S001",
  "argument.text": "프롬프트",
  "argument.message": "턴, 시도, 요청 또는 클라이언트 id, 또는 <채팅>/<메시지> 형식의 텔레그램 메시지",

  "usage.unknown_command": "“{name}” 명령은 없습니다.",
  "usage.unknown_option": "“{name}” 옵션은 없습니다.",
  "usage.missing_argument": "“{name}” 이(가) 빠졌습니다.",
  "usage.missing_value": "{name} 에는 값이 필요합니다.",
  "usage.excess": "인수가 너무 많습니다. 띄어쓰기가 있는 텍스트는 따옴표로 묶으세요.",
  "usage.bad_value": "{name} 값으로 “{value}” 은(는) 쓸 수 없습니다: {accepted}.",
  "usage.nearest": "“{name}” 을(를) 뜻하셨나요?",
  "usage.help": "모든 명령: remoteagent --help",
  "usage.session": "세션은 S001처럼 씁니다",
  "usage.number": "0 이상의 정수",
  "usage.unknown_session": "{id} 세션은 없습니다. 있는 세션: {known}.",
  "usage.empty": "보낼 텍스트가 없습니다.",

  "error.not_running": "{dataDir} 에서 실행 중인 RemoteAgent가 없습니다.",
  "error.how_to_start": "다음 명령으로 시작하세요: remoteagent start",
  "error.refused": "RemoteAgent가 거절했습니다: {message}",
  "error.failed": "실패했습니다: {message}",

  "problem.fatal": "오류",
  "problem.degraded": "문제",
  "problem.warning": "알림",

  "start.refused": "이 문제를 고치기 전에는 RemoteAgent가 시작되지 않습니다.",
  "start.starting": "RemoteAgent {version}, 데이터 위치 {dataDir}",
  "start.migrating": "원장을 이 버전에 맞게 옮기는 중입니다: {percent}%, 약 {seconds}초 남았습니다.",
  "start.local_ui": "웹 페이지: {url}",
  "start.telegram": "텔레그램: {bots}",
  "start.telegram_off": "텔레그램은 꺼져 있습니다.",
  "start.connect":
    "텔레그램 연결: remoteagent setup. 여기서 바로 작업: remoteagent chat (데모는 계정이 필요 없습니다).",
  "start.not_writable": "{dataDir}에 쓸 수 없습니다. 쓰기 권한을 주거나 DATA_DIR로 다른 위치를 정하세요.",
  "start.not_a_directory":
    "{dataDir}은(는) 폴더가 아닙니다. 그 파일을 옮기거나 DATA_DIR로 다른 위치를 정하세요.",
  "start.disk_full":
    "{dataDir}의 디스크가 가득 찼습니다. 잃어버린 것은 없습니다. 공간을 비우고 다시 시작하세요.",
  "start.in_the_way": "{path} 자리에는 파일이 있어야 하는데 디렉터리가 있습니다. 옮긴 뒤 다시 시작하세요.",
  "start.ledger_held":
    "다른 프로그램이 {path} 파일을 잡고 있습니다. 그 프로그램(데이터베이스 브라우저 등)을 끝낸 뒤 다시 시작하세요.",
  "start.ledger_newer":
    "{path} 파일은 더 새로운 RemoteAgent가 썼습니다(스키마 {found}, 이 버전은 {known}까지 압니다). 아무것도 바꾸지 않았습니다. RemoteAgent를 업데이트하거나 DATA_DIR로 다른 위치를 고르세요.",
  "start.ledger_damaged": "원장이 손상되었습니다. {setAside}(으)로 옮겨 두었고 아무것도 지우지 않았습니다.",
  "start.ledger_restore":
    '마지막 백업으로 이어 가려면 다음을 실행한 뒤 다시 시작하세요: cp "{backup}" "{path}"',
  "start.ledger_no_backup": "백업이 없습니다.",
  "start.ledger_anew": '대신 빈 원장으로 시작하려면: touch "{permit}"',
  "storage.stuck":
    "RemoteAgent가 디스크에 쓸 수 없습니다. 디스크가 가득 찼거나 고장 났거나 다른 프로그램이 원장을 잡고 있습니다. 공간을 비우세요. 잃은 것은 없으며, 보내신 것은 기다렸다가 저절로 이어집니다.",
  "storage.freed": "RemoteAgent가 다시 디스크에 쓸 수 있어 이어서 진행합니다.",
  "start.ready": "준비되었습니다. Ctrl-C로 멈춥니다. 에이전트는 계속 일하며 다시 연결됩니다.",
  "start.stopping": "멈추는 중 …",
  "start.stopped": "멈췄습니다.",
  "start.held": "{dataDir} 에서 RemoteAgent가 이미 실행 중입니다: 프로세스 {pid}, 시작 {since}.",
  "start.held_unknown": "{dataDir} 에서 RemoteAgent가 이미 실행 중입니다.",
  "start.held_remedy": "다음 명령으로 멈추세요: remoteagent stop",

  "stop.done": "멈췄습니다(프로세스 {pid}).",
  "stop.slow":
    "프로세스 {pid}에 중지를 요청했지만 {seconds}초가 지나도 남아 있습니다. 다음을 확인하세요: remoteagent logs",

  "status.running": "RemoteAgent {version} 실행 중: 프로세스 {pid}, 시작 {since}.",
  "status.data_dir": "데이터: {dataDir}",
  "status.local_ui": "웹 페이지: {url}",
  "status.local_ui_off": "웹 페이지: 꺼짐",
  "status.telegram_on": "텔레그램: 켜짐",
  "status.telegram_off": "텔레그램: 꺼짐",
  "status.telegram_off_why": "텔레그램: 꺼짐({reason})",
  "status.bot": "봇 {name}: {state}",
  "status.host": "에이전트 호스트: {state}",
  "status.counts":
    "세션: 열림 {open}, 작업 중 {working}. 대기열: {queued}. 답을 기다림: {requests}. 미전달: {undelivered}.",
  "bot.starting": "시작하는 중",
  "bot.ok": "수신 중",
  "bot.revoked": "토큰이 더 이상 유효하지 않음",
  "bot.conflict": "다른 프로그램이 메시지를 받고 있음",
  "bot.unreachable": "텔레그램에 연결할 수 없음",
  "host.not_started": "시작 전(첫 턴과 함께 시작됨)",
  "host.connected": "연결됨",
  "host.disconnected": "연결되지 않음",
  "host.silent": "응답 없음(계속되면 종료하고 다시 시작함)",

  "send.sent": "{session}에 보냈습니다.",
  "send.queued": "{session}에 보냈습니다. 앞에 {ahead}개가 있습니다.",
  "send.repeated": "{session}에 이미 있습니다({state}). 다시 보내지 않았습니다.",

  "outcome.completed": "끝났습니다.",
  "outcome.failed": "실패했습니다: {what}",
  "outcome.stopped": "중지되었습니다.",
  "outcome.indeterminate":
    "에이전트 프로세스가 일하던 중에 끝나 완료 여부를 알 수 없습니다. 다시 보내기 전에 작업 디렉터리를 확인하세요.",

  "trace.head": "{session}의 턴 {turn}",
  "logs.none": "{directory} 에 아직 로그가 없습니다.",
  "logs.id_not_found": "로그에 id {id} 이(가) 없습니다.",
}
