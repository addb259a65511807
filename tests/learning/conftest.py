"""Learning runs on one thread, as in a job: on two, tiny products mostly wait for each other."""

from drl_replication.learning.process import prepare_process

prepare_process()
