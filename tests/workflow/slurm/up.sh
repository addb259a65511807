#!/usr/bin/env bash
# Start a SLURM of one node on this machine, for tests: on loopback, without systemd or cgroups,
# its state in the folder DIR. Needs root, and from Debian: slurmctld slurmd slurm-client munge.
# With DRL_SLURM_ACCOUNTING in the environment it keeps accounts: slurmdbd mariadb-server.
#   up.sh DIR
set -euo pipefail

dir=$(realpath -m "$1")
host=$(hostname -s)
cpus=16 # more than there may be: jobs of these tests mostly wait

if [[ -e $dir/pids ]]; then
    echo "error: $dir/pids is there: that cluster runs already; stop it with down.sh $dir" >&2
    exit 1
fi
# Job steps drop SLURM_CONF, so the configuration must be where the clients look by themselves.
for file in slurm.conf slurmdbd.conf gres.conf; do
    if [[ -e /etc/slurm/$file && ! -L /etc/slurm/$file ]]; then
        echo "error: /etc/slurm/$file is there: this machine belongs to another cluster" >&2
        exit 1
    fi
done
other=$(dirname "$(readlink /etc/slurm/slurm.conf || echo /)")
if [[ $other != "$dir" && -s $other/pids ]]; then
    while read -r name pid; do
        if [[ $(cat "/proc/$pid/comm" 2> /dev/null) == "$name" ]]; then
            echo "error: a cluster runs in $other; leave it, or stop it with down.sh $other" >&2
            exit 1
        fi
    done < "$other/pids"
fi
unset SLURM_CONF

mkdir -p "$dir"/{state,spool,munge} /etc/slurm
chmod 711 "$dir" "$dir/munge"
: > "$dir/pids"

started() { # NAME PIDFILE: daemons detach; note the PID once it is there
    for _ in $(seq 100); do
        [[ -s $2 ]] && break
        sleep 0.1
    done
    echo "$1 $(cat "$2")" >> "$dir/pids"
}

(umask 077 && head -c 1024 /dev/urandom > "$dir/munge/key")
munged --key-file="$dir/munge/key" --socket="$dir/munge/socket" --log-file="$dir/munge/log" \
    --pid-file="$dir/munge/pid" --seed-file="$dir/munge/seed" --num-threads=2
started munged "$dir/munge/pid"

accounting=${DRL_SLURM_ACCOUNTING:+slurmdbd}

cat > "$dir/slurm.conf" << CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
SlurmctldPort=${DRL_SLURM_PORT:-26817}
SlurmdPort=$((${DRL_SLURM_PORT:-26817} + 1))
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/${accounting:-none}
AccountingStorageHost=localhost
AccountingStoragePass=$dir/munge/socket
AccountingStoragePort=$((${DRL_SLURM_PORT:-26817} + 2))
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmdParameters=config_overrides
KillWait=2
MinJobAge=2
JobRequeue=0
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
OverTimeLimit=0
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=64000 Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP PreemptMode=OFF
PartitionName=other Nodes=$host MaxTime=INFINITE State=UP PreemptMode=OFF
PartitionName=closed Nodes=$host MaxTime=INFINITE State=DOWN PreemptMode=OFF
PartitionName=low Nodes=$host MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=CANCEL
PartitionName=high Nodes=$host MaxTime=INFINITE State=UP PriorityTier=9 PreemptMode=OFF
CONF
ln -sfn /dev/null "$dir/gpu0" # can be asked for, and scheduled
echo "Name=gpu File=$dir/gpu0" > "$dir/gres.conf"
ln -sfn "$dir/slurm.conf" "$dir/gres.conf" /etc/slurm/

if [[ -n $accounting ]]; then
    export MYSQL_UNIX_PORT=$dir/db/socket # where slurmdbd looks for localhost's database
    database=(--no-defaults --datadir="$dir/db" --user="$(id -un)" --skip-networking)
    mariadb-install-db "${database[@]}" --auth-root-authentication-method=normal > /dev/null
    mariadbd "${database[@]}" --skip-grant-tables --socket="$MYSQL_UNIX_PORT" \
        --pid-file="$dir/db/pid" --innodb-lock-wait-timeout=900 &> "$dir/db/log" &
    started mariadbd "$dir/db/pid"
    cat > "$dir/slurmdbd.conf" << CONF
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket
DbdHost=localhost
DbdPort=$((${DRL_SLURM_PORT:-26817} + 2))
SlurmUser=$(id -un)
StorageType=accounting_storage/mysql
StorageUser=$(id -un)
LogFile=$dir/slurmdbd.log
PidFile=$dir/slurmdbd.pid
CONF
    chmod 600 "$dir/slurmdbd.conf"
    ln -sfn "$dir/slurmdbd.conf" /etc/slurm/
    slurmdbd
    started slurmdbd "$dir/slurmdbd.pid"
    for _ in $(seq 100); do # until slurmdbd listens
        sacctmgr --immediate --quiet add cluster test 2> "$dir/sacctmgr.log" && break
        sleep 0.2
    done
fi
slurmctld
started slurmctld "$dir/slurmctld.pid"
slurmd
started slurmd "$dir/slurmd.pid"
for _ in $(seq 150); do
    [[ $(sinfo -h -p main -o %t 2> /dev/null) == idle ]] && exit 0
    sleep 0.2
done
echo "error: the node did not become idle:" >&2
tail -n 5 "$dir"/slurm*.log >&2
exit 1
