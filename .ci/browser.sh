#!/bin/sh
# What the workbench is tested with and no package of Python holds: Chromium and PostgreSQL, both from Debian.
#   .ci/browser.sh absent    name what is absent, and how to get it
#   .ci/browser.sh install   install it with apt-get where that is allowed, then name what is still absent
# Its status is 0 when both are there, 3 when one is absent; "absent" alone always ends with 0, since tests say so too.
set -eu
[ "${1:-}" = absent ] || [ "${1:-}" = install ] || { echo "usage: .ci/browser.sh absent|install" >&2; exit 2; }

chromium_there() { command -v chromium >/dev/null || [ -x /usr/bin/chromium ]; }
postgres_there() {
    command -v initdb >/dev/null && return
    for program in /usr/lib/postgresql/*/bin/initdb; do
        [ -x "$program" ] && return
    done
    return 1
}

named() {
    absent=""
    chromium_there || absent="$absent chromium"
    postgres_there || absent="$absent postgresql"
}

apt() { DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@"; }

install() {
    apt-get -qq update
    chromium_there || apt chromium
    if ! postgres_there; then
        # The package would make a server of its own; the tests start theirs.
        apt postgresql-common
        sed -ri 's/^#?(create_main_cluster) .*/\1 = false/' /etc/postgresql-common/createcluster.conf
        apt postgresql
    fi
}

named
if [ "$1" = install ] && [ -n "$absent" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing$absent from Debian"
    install >/dev/null 2>&1 || echo "apt-get did not manage it." >&2
    named
fi

[ -n "$absent" ] || exit 0
chromium_there || echo "ABSENT: Chromium. The pages of the workbench are not tested in a browser." >&2
postgres_there || echo "ABSENT: PostgreSQL. The workbench is tested on SQLite alone." >&2
echo "Next: sudo apt-get install$absent" >&2
[ "$1" = absent ] || exit 3
