"""What Snakemake says on the screen: a line a job, the counts, and on failure the sentence last.

Everything else that it says stands in its own log, `.snakemake/log`, and is shown with
`--verbose`. Imports no Snakemake: its events come as names.
"""

import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

# Of every call, and of no use to who made it.
SILENT = re.compile(
    r"Using shell:|Conda environments: ignored|Singularity containers: ignored|Building DAG of jobs"
    r"|Select jobs to execute|Execute \d+ jobs|Assuming unrestricted shared|Config file .* is exten"
    r"|Group jobs: inactive|Complete log\(s\):|Elapsed time:|Shutting down, this might|Reasons:"
    r"|Exiting because a job execution failed|This was a dry-run|RuleException:\s+CalledProcessErr"
    r"|\s*\(check individual jobs above|[ \w,]+ jobs? (?:have|has) (?:missing|outdated) provenance"
)
SHARED = re.compile(r"(?<=train)_.*")  # of the rules for several seeds, after the name of the rule
NOTHING_TO_DO = "Nothing to be done"
FAILED = "At least one job did not complete successfully."
# Of an error of ours in an input function, and of one that stands anywhere else.
OURS = (
    re.compile(
        r"^InputFunctionException.*?(?:Workflow|Config|Record|Unreadable)Error:\s+(.*?)"
        r"\s*^Wildcards:.*",
        re.S | re.M,
    ),
    re.compile(r'^WorkflowError(?: in (?:rule .* in )?file ".*", line \d+)?:\n(.*)', re.S),
)
PLACES = re.compile(r'\n  File ".*", line \d+, in .*')  # in files of the workflow
NO_RULE = re.compile(r"^MissingRuleException.*?No rule to produce (.+?) \(if you use", re.S)
SHOWN = 3  # failed jobs with their logs


class Console(logging.StreamHandler):
    """A handler of Snakemake's log records.

    Args:
        stream: where to write.
        is_dry_run: in which each job has its number, and the counts come last.
        silent_rules: the names of rules without a message, once they are known.
        unknown: what to say of a target that no rule makes.
        when_done: what to say when there was nothing to be done.
        forecast: what to say of what a call will cost.
    """

    def __init__(
        self,
        stream: TextIO,
        is_dry_run: Callable[[], bool],
        silent_rules: Callable[[], set[str]],
        unknown: Callable[[str], str],
        when_done: Callable[[], str],
        forecast: Callable[[], str],
    ):
        super().__init__(stream)
        self.is_dry_run, self.silent_rules = is_dry_run, silent_rules
        self.unknown, self.when_done, self.forecast = unknown, when_done, forecast
        self.total = self.silent = 0  # jobs with a message, and without one
        self.counted = False
        self.numbers: dict[int, int] = {}  # of jobs, in the order in which they began
        self.messages: dict[int, str] = {}
        self.failures: dict[int, tuple[list[str], str]] = {}  # logs, and what the executor says

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, if it is of use."""
        try:
            if text := self.format(record):
                self.stream.write(f"{text}\n")
                self.flush()
        except BrokenPipeError:
            raise
        except Exception:
            self.handleError(record)

    def format(self, record: logging.LogRecord) -> str:
        """What to say of a record; nothing of most."""
        event = getattr(record, "event", None)
        name = str(getattr(event, "value", event))
        if event is None or name == "error":
            return self.of_message(record.getMessage(), record.levelno)
        known: dict[str, Callable[[Mapping[str, Any]], str]] = {
            "job_info": self.of_job,
            "job_error": self.of_error,
            "run_info": self.of_counts,
            "progress": self.of_progress,
        }
        return known[name](vars(record)) if name in known else ""

    def of_message(self, text: str, level: int) -> str:
        """A message as it is, shortened where it is known."""
        if SILENT.match(text) or text in ("", "None"):
            return ""
        if text.startswith(NOTHING_TO_DO):
            return f"Nothing to be done, all is there: {self.when_done()}".rstrip(": ")
        return self.of_exception(text) if level >= logging.ERROR else text.strip()

    def of_exception(self, text: str) -> str:
        """The sentence of an error of ours; any other as Snakemake shows it."""
        if FAILED in text:
            return self.of_failure()
        if match := NO_RULE.match(text):
            return self.unknown(match[1])
        for pattern in OURS:
            if match := pattern.match(text):
                return PLACES.sub("", match[1]).strip()
        return text.strip()

    def of_job(self, job: Mapping[str, Any]) -> str:
        """When it was started, its number of how many, and its message."""
        number, message = job["jobid"], job["rule_msg"]
        self.failures.pop(number, None)  # it is tried again
        if not message:
            return ""
        self.messages[number] = message
        if self.is_dry_run():
            return f"Job {number}: {message}"
        count = self.numbers.setdefault(number, len(self.numbers) + 1)
        return f"{time.strftime('%H:%M:%S')}  {count} of {self.total}: {message}"

    def of_counts(self, info: Mapping[str, Any]) -> str:
        """What it will cost, and how many jobs there will be; in a dry run under them."""
        silent = {"total", *self.silent_rules()}
        kinds: Counter[str] = Counter()
        for name, count in info["stats"].items():
            if name not in silent:
                kinds[SHARED.sub("", str(name))] += int(count)
        self.total = sum(kinds.values())
        self.silent = int(info["stats"].get("total", self.total)) - self.total
        first, self.counted = not self.counted, True
        if first and self.is_dry_run():
            return ""
        counts = f"{self.total} jobs: {', '.join(f'{n} {kind}' for kind, n in kinds.items())}"
        return "\n".join(filter(None, [self.forecast(), counts]))

    def of_progress(self, progress: Mapping[str, Any]) -> str:
        """Nothing; but what a checkpoint decides may be more jobs."""
        self.total = max(self.total, int(progress["total"]) - self.silent)
        return ""

    def of_error(self, job: Mapping[str, Any]) -> str:
        """That a job failed: at once, and once."""
        number, said = job["jobid"], str(job["rule_msg"] or "").strip()
        told = number in self.failures
        self.failures[number] = [str(path) for path in job["log"]], said
        name = self.messages.get(number, job["rule_name"])
        return "" if told else f"{time.strftime('%H:%M:%S')}  failed: {name}. {said}".rstrip(". ")

    def of_failure(self) -> str:
        """What failed, where all of it stands, and last the sentence that tells why."""
        jobs = list(self.failures.items())
        lines = [f"{len(jobs)} of {self.total} jobs failed:"]
        for number, (logs, _) in jobs[:SHOWN]:
            lines.append(f"  {self.messages.get(number, number)} ({', '.join(logs) or 'no log'})")
        lines += [f"  and {len(jobs) - SHOWN} more"] if len(jobs) > SHOWN else []
        sentences = dict.fromkeys(sentence(logs) or said for _, (logs, said) in jobs)
        return "\n".join([*lines, *filter(None, list(sentences)[:SHOWN])])


def sentence(logs: list[str]) -> str:
    """The last line of the logs of a job that says "error:", or else their last line."""
    last = ""
    for path in map(Path, logs):
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        said = [line for line in lines if line.startswith("error: ")]
        last = next(reversed(said or [line for line in lines if line.strip()]), last)
    return last


def take_over(logger: logging.Logger, console: Console) -> None:
    """Let the console stand in the place of Snakemake's own handler for the screen."""
    for handler in list(logger.handlers):
        if handler.name == "DefaultStreamHandler":
            logger.removeHandler(handler)
            logger.addHandler(console)


def listed(paths: list[str], most: int = 3) -> str:
    """Files that were made: by name, or where a folder has many, how many of them.

    The report is the first, since it is what to read.
    """
    paths = list(dict.fromkeys(paths))
    pages = [path for path in paths if path.endswith(".html")]
    folders: dict[str, list[str]] = {}
    for path in paths:
        if path not in pages:
            folders.setdefault(str(Path(path).parent), []).append(path)
    for folder, files in folders.items():
        pages += files if len(files) <= most else [f"{folder}/ ({len(files)} files)"]
    return ", ".join(pages)
