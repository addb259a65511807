"""How far a run is: the line in its log."""

import pytest
from helpers import tiny_settings

from drl_replication.jobs import progress
from drl_replication.jobs.progress import Progress, ToldCheckpoint

COSTS = {"first_task_seconds": 1.0, "later_task_seconds": 2.0}
SAMPLES = 100  # of each of five tasks: 100 s, then 4 times 200 s


@pytest.fixture
def run(monkeypatch):
    """A run and its clock, in seconds."""
    monkeypatch.setattr(progress, "cost", lambda *_: COSTS)
    clock = [0.0]
    settings = tiny_settings("er") | {"training_images": SAMPLES}
    return Progress("a run", "er", settings, lambda: clock[0]), clock


def test_a_line_a_task_with_the_time_left(run):
    told, clock = run
    told.start(0)
    clock[0] = 50.0  # twice as fast as the costs say
    assert told.line(100) == "a run: 1 of 5 tasks, 11%, about 7 min left"  # 400 s
    clock[0] = 100.0
    assert told.line(150) == ""  # within a task
    clock[0] = 150.0
    assert told.line(200) == "a run: 2 of 5 tasks, 33%, about 5 min left"
    clock[0] = 450.0
    assert told.line(500) == ""  # its result follows


def test_runs_of_seconds_say_nothing(run):
    told, clock = run
    told.start(0)
    for task in range(1, 6):
        clock[0] += 5
        assert told.line(100 * task) == ""


def test_a_task_of_hours_is_told_of_within(run):
    told, clock = run
    told.start(0)
    clock[0] = 5000.0
    assert told.line(50) == "a run: 0 of 5 tasks, 6%, about 23.6 h left"
    clock[0] = 5500.0
    assert told.line(55) == ""


def test_a_run_that_goes_on_counts_from_where_it_was(run, tmp_path, capsys):
    told, clock = run
    checkpoint = ToldCheckpoint(tmp_path / "x.pt", "print", told)
    checkpoint.save({"position": 300})
    assert capsys.readouterr().err == ""
    clock[0] = 1000.0
    assert checkpoint.load() == {"position": 300}
    clock[0] = 1200.0
    checkpoint.save({"position": 400})
    assert capsys.readouterr().err == "a run: 4 of 5 tasks, 78%, about 3 min left\n"
