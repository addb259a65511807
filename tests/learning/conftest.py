"""Learning runs on one thread, as in a job: on two, tiny products mostly wait for each other."""

from drl_replication.learning.threads import use_one_thread

use_one_thread()
