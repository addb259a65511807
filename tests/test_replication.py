"""The replication report and the article: fresh, from the records, and LaTeX that compiles."""

import gzip
import json
import re
import shutil
import subprocess

import pandas as pd
import pytest
import yaml
from helpers import PROJECT
from project_copy import Copy

from drl_replication.verdict.evidence import OPEN

TOOL = "scripts/tools/replication.py"
PUBLISHED = PROJECT / "results/published"
WRITTEN = ["REPLICATION.md", "article/content.tex", "article/metadata.tex", "article/metadata.yaml"]
REPORT = (PROJECT / "REPLICATION.md").read_text(encoding="utf-8")
RECORDS = [json.loads(path.read_text()) for path in PUBLISHED.glob("runs/*/*/*.json")]
for packed in PUBLISHED.glob("runs/*.jsonl.gz"):
    RECORDS += map(json.loads, gzip.decompress(packed.read_bytes()).splitlines())


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    result = Copy.of_project(tmp_path_factory.mktemp("project"))
    ignored = shutil.ignore_patterns("*.pdf", "*.png", "*.svg", "*.html")
    shutil.copytree(PUBLISHED, result.root / "results/published", ignore=ignored)
    shutil.copytree(PROJECT / "article", result.root / "article")
    shutil.copy2(PROJECT / "REPLICATION.md", result.root)
    return result


def test_it_is_fresh():
    done = Copy(PROJECT).python(TOOL, "--check")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", WRITTEN)
def test_a_stale_file_is_found_and_mended(copy, name):
    fresh = (copy.root / name).read_text(encoding="utf-8")
    copy.append(name, "stale\n")
    stale = copy.python(TOOL, "--check")
    assert stale.returncode == 1
    assert stale.stderr == f"error: {name} is stale: run python {TOOL}\n"
    assert copy.python(TOOL).returncode == 0
    assert (copy.root / name).read_text(encoding="utf-8") == fresh


def section(title):
    return REPORT.partition(f"# {title}\n")[2].partition("\n#")[0]


def test_every_claim_has_its_place():
    claims = pd.read_csv(PUBLISHED / "claims.csv", keep_default_na=False)
    text = section("Claim by claim")
    for row in claims.to_dict("records"):
        if row["verdict"] == OPEN:
            assert f"`{row['id']}`" in text.rpartition("Cannot be judged")[2]
        else:
            part = text.partition(f"**{row['verdict'].capitalize()}**")[2].partition("\n\n**")[0]
            assert f"“{row['claim']}” ({row['section']})" in part


def test_the_cost_is_that_of_the_records():
    total = {"core": 0.0, "GPU": 0.0}
    for record in RECORDS:
        kind = "GPU" if record["provenance"]["device"] == "cuda" else "core"
        total[kind] += record["training_seconds"] + record["evaluation_seconds"]
    hours = [f"{seconds / 3600:.2f}" for seconds in total.values() if seconds]
    assert f"| all | {' | '.join(hours)} |" in section("Cost")


def test_it_says_how_many_runs_were_made():
    assert f"Tables 1 to 6 and the verdict from {len(RECORDS)} runs, by commits" in REPORT


def test_links_lead_somewhere():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", REPORT) if "://" not in link]
    assert links and all((PROJECT / link).exists() for link in links)


def test_a_study_that_is_published_is_told(copy, tmp_path):
    folder = copy.root / "results/published/studies/rates"
    folder.mkdir(parents=True)
    told = {
        "title": "Smaller rates",
        "seeds": 3,
        "sentences": ["First."],
        "explanations": [{"about": "Second", "sentence": "It.", "command": "snakemake"}],
    }
    (folder / "summary.json").write_text(json.dumps(told))
    assert copy.python(TOOL).returncode == 0
    text = (copy.root / "REPLICATION.md").read_text(encoding="utf-8")
    shutil.rmtree(folder)
    about = "**Study `rates`**: Smaller rates (n = 3, provisional)"
    assert f"{about}\n\n- First.\n- Second: It.\n" in text


def test_metadata_are_those_of_the_citation():
    fields = yaml.safe_load((PROJECT / "article/metadata.yaml").read_text(encoding="utf-8"))
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))
    assert [a["name"] for a in fields["authors"]] == [a["name"] for a in citation["authors"]]
    assert fields["replication"][0]["url"] == citation["references"][0]["url"]
    assert all(fields.values()), "what is unknown is left out"


def test_the_latex_of_a_small_page(copy):
    page = (
        "# Title\n\n## Cost & time\n\n- 5 % of `a_b`\n- M̂ ± 1 \N{SNOWMAN}\n- is *so*, 2 * 3 * 4\n\n"
        "| a | b |\n| --- | --- |\n| **x** | −1 |\n"
    )
    code = f"sys.path.insert(0, 'scripts/tools'); import latex; print(latex.to_latex({page!r}))"
    lines = copy.python("-c", f"import sys; {code}").stdout.splitlines()
    assert lines[0] == r"\section{Cost \& time}"
    assert r"\item 5 \% of \texttt{a\_b}" in lines and r"\item $\hat{M}$ $\pm$ 1 U+2603" in lines
    assert r"\item is \emph{so}, 2 * 3 * 4" in lines
    assert r"\textbf{x} & $-$1 \\" in lines and "Title" not in "".join(lines)


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="LaTeX is not there")
def test_the_article_compiles(tmp_path):
    shutil.copytree(PROJECT / "article", tmp_path / "article")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "article.tex"],
        cwd=tmp_path / "article",
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert not re.search("Missing character|Undefined control", done.stdout)
