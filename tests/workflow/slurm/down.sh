#!/usr/bin/env bash
# Stop what up.sh started: only PIDs that it noted, each only while it still is that program.
#   down.sh DIR
set -u

dir=$(realpath -m "$1")
[[ -s $dir/pids ]] || exit 0
export SLURM_CONF=$dir/slurm.conf # never another cluster's
timeout 10 scancel --user="$(id -un)" 2> /dev/null
for _ in $(seq 50); do
    [[ -n $(timeout 10 squeue --noheader 2> /dev/null) ]] || break
    sleep 0.1
done
tac "$dir/pids" | while read -r name pid; do
    is_running() { [[ $(cat "/proc/$pid/comm" 2> /dev/null) == "$name" ]]; }
    is_running && kill "$pid"
    for _ in $(seq 100); do
        is_running || break
        sleep 0.1
    done
    ! is_running || echo "error: $name, PID $pid, is still running" >&2
done
for file in slurm.conf slurmdbd.conf gres.conf; do
    [[ $(readlink "/etc/slurm/$file") == "$dir/$file" ]] && rm "/etc/slurm/$file"
done
rm "$dir/pids"
