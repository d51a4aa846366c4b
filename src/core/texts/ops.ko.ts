import type { en } from "./ops.en.ts"
import type { Translation } from "./text.ts"

export const ko: Translation<typeof en> = {
  "node.ok": "Node {version}",
  "node.old": "Node {version} 은(는) 너무 오래되었습니다. {oldest} 이상이 필요합니다.",
  "node.old_remedy": "https://nodejs.org 에서 Node {oldest} 이상을 설치하세요.",

  "data_dir.ok": "데이터 디렉터리 {path}",
  "data_dir.missing": "데이터 디렉터리 {path} 이(가) 아직 없습니다.",
  "data_dir.missing_remedy":
    "할 일이 없습니다. 처음 시작하거나 다음을 실행하면 만들어집니다: remoteagent setup",
  "data_dir.not_directory": "{path} 은(는) 디렉터리가 아닙니다.",
  "data_dir.not_directory_remedy": "옮기거나 DATA_DIR을 다른 곳으로 설정하세요.",
  "data_dir.not_creatable": "데이터 디렉터리 {path} 을(를) 만들 수 없습니다({detail}).",
  "data_dir.not_writable": "데이터 디렉터리 {path} 에 쓸 수 없습니다({detail}).",
  "data_dir.writable_remedy": "이 사용자에게 쓰기 권한을 주거나 DATA_DIR을 다른 곳으로 설정하세요.",
  "data_dir.open": "이 컴퓨터의 다른 사용자가 {path} 안을 볼 수 있습니다(모드 {mode}).",
  "data_dir.file_open": "이 컴퓨터의 다른 사용자가 {path} 을(를) 읽을 수 있습니다(모드 {mode}).",
  "data_dir.chmod": "다음을 실행하세요: chmod {mode} {path}",

  "agent_mask.ok": "에이전트에게는 데이터 디렉터리가 비어 있는 것으로 보입니다.",
  "agent_mask.later": "에이전트를 데이터 디렉터리에서 분리할 수 있는지는 처음 시작한 뒤에 확인합니다.",
  "agent_mask.off":
    "에이전트가 데이터 디렉터리를 볼 수 있어(host.hideDataDirectory가 꺼져 있음) 소유자처럼 행동할 수 있습니다.",
  "agent_mask.off_remedy":
    "config.json에서 host.hideDataDirectory를 지우고 에이전트를 다시 시작하세요: remoteagent stop --agents",
  "agent_mask.unavailable":
    "이 컴퓨터에서는 에이전트를 데이터 디렉터리에서 분리할 수 없어({why}) 에이전트가 소유자처럼 행동할 수 있습니다.",
  "agent_mask.remedy":
    "Linux에서는 사용자 네임스페이스를 허용하고(Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0) util-linux를 설치하세요. SECURITY.md를 참고하세요.",

  "disk.ok": "데이터 디렉터리의 디스크 여유 공간 {free}",
  "disk.low": "데이터 디렉터리의 디스크 여유 공간이 {free} 뿐입니다.",
  "disk.full": "데이터 디렉터리의 디스크가 거의 찼습니다: 여유 공간 {free}.",
  "disk.remedy":
    "공간을 비우거나 DATA_DIR을 다른 디스크로 설정하세요. /artifacts cleanup 으로 오래된 파일을 지웁니다.",
  "disk.unknown": "디스크 여유 공간을 알 수 없습니다({detail}).",

  "runtime.running": "RemoteAgent {version} 이(가) 프로세스 {pid} 로 실행 중입니다.",
  "runtime.stopped": "RemoteAgent가 실행되고 있지 않습니다.",
  "runtime.deaf": "프로세스 {pid} 이(가) 데이터 디렉터리를 잡고 있지만 응답하지 않습니다({detail}).",
  "runtime.deaf_remedy": "잠시 뒤 다시 확인하세요. 그대로라면: kill {pid}, 그다음 remoteagent start",

  "journal.ok": "호스트 저널이 온전합니다.",
  "journal.none": "호스트 저널이 아직 없습니다. 첫 턴과 함께 만들어집니다.",
  "journal.damaged": "호스트 저널이 손상되었습니다: {detail}",
  "journal.damaged_remedy":
    "작업 중인 에이전트가 없을 때 remoteagent stop --agents 를 실행하세요. 다음 호스트가 그 파일을 따로 두고 새로 시작합니다.",
  "journal.unreadable": "호스트 저널을 읽을 수 없습니다({detail}).",
  "journal.aside": "호스트가 손상된 저널을 발견해 따로 두고 새 저널을 시작했습니다: {path}",
  "journal.aside_remedy": "디스크를 점검하세요. 더 살펴볼 일이 없으면 그 파일은 지워도 됩니다.",
  "ledger.ok": "원장이 온전합니다.",
  "ledger.none": "원장이 아직 없습니다. 처음 시작할 때 만들어집니다.",
  "ledger.damaged": "원장이 손상되었습니다: {detail}",
  "ledger.damaged_remedy": "RemoteAgent를 멈추고 {backups} 의 가장 새 파일을 {path} 로 복원하세요.",
  "ledger.unreadable": "원장을 읽을 수 없습니다({detail}).",
  "ledger.unreadable_remedy": "이 사용자가 {path} 을(를) 읽을 수 있게 하세요.",

  "bots.none": "설정된 봇이 없어 텔레그램이 꺼져 있습니다.",
  "bots.none_remedy": "다음을 실행하세요: remoteagent setup",
  "bot.ok": "봇 @{username} 이(가) 응답합니다.",
  "bot.revoked": "텔레그램이 봇 {id} 의 토큰을 받아들이지 않습니다.",
  "bot.revoked_remedy":
    "@BotFather에서 토큰을 받은 뒤(/mybots, API Token) 다음을 실행하세요: remoteagent setup",
  "bot.unreachable": "봇 {id}: 텔레그램({apiRoot})에 연결할 수 없습니다({detail}).",
  "bot.unreachable_remedy": "네트워크와 TELEGRAM_API_ROOT를 확인하세요.",
  "bot.skipped": "봇 {id} 은(는) 확인하지 않았습니다.",

  "provider.ready": "{label} {version} 준비됨.",
  "provider.ready_account": "{label} {version} 준비됨. 로그인: {account}.",
  "provider.signed_out": "{label} {version} 은(는) 설치되었지만 로그인되어 있지 않습니다.",
  "provider.not_installed": "{label} 이(가) 설치되어 있지 않습니다.",
  "provider.too_old": "{label} {version} 은(는) 너무 오래되었습니다.",
  "provider.broken": "{label} 이(가) 작동하지 않습니다: {detail}",
  "provider.no_sandbox":
    "{label} {version}: 이 컴퓨터에서 샌드박스가 작동하지 않아 명령을 안전하게 실행할 수 없습니다.",
  "provider.none_ready": "일할 준비가 된 코딩 에이전트가 없습니다.",
  "provider.none_ready_remedy":
    "위의 에이전트 중 하나를 설치하고 로그인하거나 다음을 써 보세요: remoteagent chat --provider demo",
  "providers.unknown": "코딩 에이전트를 확인할 수 없었습니다({detail}).",
  "providers.unknown_remedy": "다음을 확인하세요: remoteagent logs",

  "remedy.install": "다음을 실행하세요: {command}",
  "remedy.update": "{minimum} 이상이 필요합니다. 다음을 실행하세요: {command}",
  "remedy.sign_in": "다음을 실행하세요: {command}",
  "remedy.configure": "{key} 을(를) 설정하세요.",

  "doctor.all_well": "모두 정상입니다.",
  "doctor.warnings": "고장 난 것은 없습니다. 알림: {count}.",
  "doctor.broken": "고장: {count}.",
}
