# The watchdog of one embedded server; watchdog.rs starts it and explains why it exists.
#
#   $1  "start", or "sweep" to end and remove what an earlier run left
#   $2  the server's folder: real path, nothing there yet
#   $3  the folder of the server binaries
#   $4  "cached" when descriptor 0 is a cluster kept as a tar file, else "fresh"
#   PGAUGE_INITDB, PGAUGE_SETTINGS  initdb options, one per line; lines for postgresql.conf
#
# Descriptor 1 is one end of a socket whose other end only pgauge holds. Words go out through it;
# nothing but "go" ever comes in, so that its end means that pgauge is done, or gone.

trap '' HUP INT TERM PIPE
umask 077
mode=$1 folder=$2 bin=$3 source=$4
initdb=$PGAUGE_INITDB settings=$PGAUGE_SETTINGS
unset PGAUGE_WATCHDOG PGAUGE_INITDB PGAUGE_SETTINGS
exec 3<&0 </dev/null

# Everything that makes processes runs here, inside the folder: that is how finish() finds them.
work() {
  trap exit USR1
  cd -- "$folder" || exit
  case $source in
  cached)
    mkdir data && tar xf - -C data <&3 >>log 2>&1 || { echo failed unpack; exit; }
    exec 3<&- ;;
  fresh)
    exec 3<&-
    initialise --lc-ctype=C.UTF-8 || { rm -rf data && initialise --lc-ctype=C; } || { echo failed initdb; exit; }
    # Under this name only when whole: pgauge keeps it for the next start.
    { tar cf cluster.part -C data . && mv cluster.part cluster.tar || rm -f cluster.part; } >>log 2>&1 ;;
  esac
  printf '%s\n' "$settings" >>data/postgresql.conf || { echo failed settings; exit; }
  echo serving
  "$bin/postgres" -D "$folder/data" >>log 2>&1
  echo exited $?
}

initialise() {
  set -f
  IFS='
'
  # shellcheck disable=SC2086 # one option per line
  "$bin/initdb" -D "$folder/data" $initdb "$@" >log 2>&1
}

# The processes at work in the folder, the server's own children among them, zombies not.
members() {
  if [ -e /proc/self/cwd ]; then
    ls -ln /proc/[0-9]*/cwd 2>/dev/null | while read -r line; do
      case $line in
      *" -> $folder" | *" -> $folder/"*) line=${line##*/proc/}; echo "${line%%/cwd*}" ;;
      esac
    done
  else
    ps -axo pid=,command= | while read -r pid command; do
      case $command in
      *pgauge-watchdog*) ;;
      *"$folder"*) echo "$pid" ;;
      esac
    done
  fi
}

# The server by its own word, for systems that do not show where processes work. What an earlier run left may name a
# process id that is somebody else's by now.
own_server() {
  [ "$mode" = start ] && [ -e "$folder/data/postmaster.pid" ] || return
  read -r pid <"$folder/data/postmaster.pid" && [ "${pid:-0}" -gt 1 ] && kill -0 "$pid" && echo "$pid"
} 2>/dev/null

name_of() {
  if [ -e "/proc/$1/comm" ]; then cat "/proc/$1/comm"; else ps -o comm= -p "$1"; fi 2>/dev/null
}

arguments_of() {
  if [ -e "/proc/$1/cmdline" ]; then tr '\0' ' ' <"/proc/$1/cmdline"; else ps -o command= -p "$1"; fi 2>/dev/null
}

# Ends one process, by force once it has been patient for that many rounds. A postgres that is killed leaves files
# that stand for its shared memory, so they are noted first.
kill_after() {
  [ "$round" -ge "$1" ] || return
  [ -e "/proc/$2/maps" ] &&
    memory="$memory $(sed -n 's|.* \(/dev/shm/PostgreSQL\.[0-9]*\)$|\1|p' "/proc/$2/maps" 2>/dev/null | sort -u)"
  kill -KILL "$2"
}

# A server that was killed also leaves the small System V segment that guards its data folder.
drop_memory() {
  # shellcheck disable=SC2086 # names without spaces
  [ -n "${memory# }" ] && rm -f -- $memory
  [ -e "$folder/data/postmaster.pid" ] && [ -e /proc/sysvipc/shm ] || return
  guard=$(sed -n 7p "$folder/data/postmaster.pid" | tr -s ' ')
  while read -r key id perms size creator last attached rest; do
    [ "${guard# }" = "$key $id" ] && [ "$attached" = 0 ] && ipcrm -m "$id"
  done </proc/sysvipc/shm 2>/dev/null
}

# Asks first, in ways after which postgres takes its shared memory with it: a server ends at SIGQUIT within milliseconds,
# a postgres below initdb when initdb, which feeds it, is gone, and sooner at SIGTERM if it is past `--boot`.
end_process() {
  case $1 in
  "$worker") kill_after 180 "$1" ;;
  "$postmaster") kill -QUIT "$1"; kill -CONT "$1"; kill_after 150 "$1" ;;
  *)
    case $(name_of "$1") in
    *postgres*)
      case $(arguments_of "$1") in *" --single "*) kill -TERM "$1" ;; esac
      kill_after 100 "$1" ;;
    *) kill -KILL "$1" ;;
    esac ;;
  esac 2>/dev/null
}

finish() {
  [ -n "$worker" ] && kill -USR1 "$worker" 2>/dev/null
  memory='' round=0
  while found=$(members; own_server); [ -n "$found" ] && [ $round -lt 250 ]; do
    postmaster=
    [ -e "$folder/data/postmaster.pid" ] && read -r postmaster <"$folder/data/postmaster.pid"
    for pid in $found; do end_process "$pid"; done
    round=$((round + 1))
    sleep 0.01 2>/dev/null || sleep 1
  done
  [ -n "$worker" ] && wait "$worker"
  drop_memory
  round=0
  until rm -rf -- "$folder" "$folder.new" 2>/dev/null || [ $round -ge 20 ]; do
    round=$((round + 1))
    sleep 0.05 2>/dev/null || sleep 1
  done
}

worker=
if [ "$mode" = start ] && mkdir -- "$folder.new" && echo made && read -r _ <&1 && mv -- "$folder.new" "$folder"; then
  work &
  worker=$!
  exec 3<&-
  while read -r _ <&1; do :; done
fi
finish
