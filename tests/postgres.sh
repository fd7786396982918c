# Runs a PostgreSQL server of its own for tests: `sh postgres.sh <folder of its programs> <port>`.
# It says `ready`, and at the end of its input it stops and clears up.
set -eu
bin=$1 port=$2
dir=$(mktemp -d)
as_server() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    chown postgres "$dir"
    as_server() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }
fi
cd "$dir"
as_server "$bin/initdb" -D "$dir/data" -U postgres --auth trust --no-sync -E UTF8 --locale C.UTF-8 >&2
as_server "$bin/postgres" -D "$dir/data" -p "$port" -k "$dir" -c listen_addresses=127.0.0.1 \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=400 \
    >"$dir/log" 2>&1 &
until "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; do kill -0 $!; sleep 0.1; done
echo ready
cat >/dev/null
kill -QUIT "$(head -n 1 "$dir/data/postmaster.pid")"
wait
rm -rf "$dir"
