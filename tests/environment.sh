# The private environment of a checkout; sourced by tests/run and experiments/run.
# BUFFON_VENV and BUFFON_BUILD put .venv/ and build/ elsewhere; BUFFON_JOBS limits the compilers at work at once.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${BUFFON_VENV:-$root/.venv}
export BUFFON_BUILD=${BUFFON_BUILD:-$root/build}
# ccache, where it is installed, keeps nothing that was compiled with a precompiled header unless told so.
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}
build=$BUFFON_BUILD
jobs=${BUFFON_JOBS:+-j $BUFFON_JOBS}

# Installs Debian packages as root; otherwise says the one line to type.
install_system() {
    [ $# = 0 ] && return
    if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@"
    else
        echo "Missing on this machine; type:  sudo apt-get install $*" >&2
        exit 1
    fi
}

# make_environment [EXTRA...]: a virtual environment with the build's requirements, NumPy and the extras of pyproject.toml.
make_environment() {
    local python=${PYTHON:-python3} missing=() wanted stamp="$venv/requirements${*:+-$*}"
    stamp=${stamp// /-}
    command -v "$python" > /dev/null || missing+=(python3 python3-venv python3-dev)
    command -v c++ > /dev/null || missing+=(g++)
    command -v pkg-config > /dev/null || missing+=(pkg-config)
    if [ ${#missing[@]} = 0 ] || [ "${missing[0]}" != python3 ]; then
        "$python" -c 'import ensurepip' 2> /dev/null || [ -x "$venv/bin/pip" ] || missing+=(python3-venv)
        "$python" -c 'import pathlib, sysconfig as s; pathlib.Path(s.get_path("include"), "Python.h").stat()' 2> /dev/null ||
            missing+=(python3-dev)
    fi
    install_system "${missing[@]}"
    [ -x "$venv/bin/pip" ] || "$python" -m venv "$venv"
    export PATH="$venv/bin:$PATH" PYTHONPATH=
    wanted=$(python "$root/tests/requirements.py" "$@")
    [ "$(cat "$stamp" 2> /dev/null)" = "$wanted" ] && return
    python -m pip install --quiet --disable-pip-version-check $wanted
    echo "$wanted" > "$stamp"
}

# configure FOLDER [MESON OPTION...]: again when a test has come or gone, since Meson lists them only then.
configure() {
    local folder=$1 listing
    shift
    listing=$(cd "$root" && ls -d "$venv" tests/*/test_*.cpp; echo "${BUFFON_INCLUDE:-} $*")
    [ -f "$folder/build.ninja" ] && [ "$(cat "$folder/listing" 2> /dev/null)" = "$listing" ] && return
    mkdir -p "$folder"
    if [ -f "$folder/build.ninja" ]; then set -- --reconfigure "$@"; fi
    meson setup "$folder" "$root" "$@"
    echo "$listing" > "$folder/listing"
}

# The package as links to sources and extension: an edited .py is what runs. Found by PYTHONPATH.
stage() {
    local package=$build/python/buffon
    mkdir -p "$package"
    find "$build/python" -xtype l -delete
    ln -sfn "$root"/bindings/buffon/* "$build"/bindings/_buffon.*.so "$root/experiments" "$package"
    ln -sfn "$build"/libbuffon*.so "$build/python"
    export PYTHONPATH=$build/python
}

# configure_package: as the wheel is configured, which tests/python/test_wheel.py makes of the same objects.
configure_package() {
    configure "$build" -Dwheel=true
}

# make_package: only what `import buffon` needs.
make_package() {
    configure_package
    meson compile -C "$build" $jobs package
    stage
}
