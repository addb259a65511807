"""The site: its pages are the documents of the repository, and their links are put right."""

import importlib.util
import os
import re
import subprocess

import pytest
import yaml
from helpers import PROJECT

MKDOCS = PROJECT / ".venv-docs/bin/mkdocs"
CONFIG = yaml.safe_load((PROJECT / "mkdocs.yml").read_text(encoding="utf-8"))


def load_hooks():
    file = PROJECT / CONFIG["hooks"][0]
    spec = importlib.util.spec_from_file_location("site_hooks", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hooks = load_hooks()


def pages(nav):
    for entry in nav:
        for value in entry.values():
            yield from [value] if isinstance(value, str) else pages(value)


def test_every_document_is_in_the_menu_once():
    named = list(pages(CONFIG["nav"]))
    documents = [path.name for path in (PROJECT / "docs").glob("*.md")]
    assert sorted(named) == sorted([*documents, *hooks.PAGES])
    assert all((PROJECT / source).is_file() for source in hooks.PAGES.values())


@pytest.mark.parametrize(
    ("page", "text", "expected"),
    [
        ("index.md", "[use](docs/use.md#study)", "[use](use.md#study)"),
        ("use.md", "[keys](../config/README.md#seeds)", "[keys](configuration.md#seeds)"),
        ("configuration.md", "[it](../README.md)", "[it](index.md)"),
        ("use.md", "[`lock`](../envs/requirements.lock), all", "`lock`, all"),
        ("use.md", "[out](https://arxiv.org/abs/2006.11234)", None),
        ("use.md", "[down](#below)", None),
        ("index.md", "![a](results/published/figures/overview.png)", None),
        ("use.md", "![a](../results/b.png)", "![a](results/b.png)"),
        ("use.md", "```text\n[code](../src/x.py)\n```", None),
    ],
)
def test_links(page, text, expected):
    assert hooks.linked(text, page) == (expected or text)


def test_pictures_of_pages_come_along():
    assert "results/published/figures/overview.png" in hooks.pictures()


@pytest.mark.skipif(not MKDOCS.exists(), reason="needs what builds the site: make docs")
def test_the_site_is_built_of_all_pages_and_shows_nothing_from_elsewhere(tmp_path):
    command = [MKDOCS, "build", "--strict", "--site-dir", tmp_path]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in pages(CONFIG["nav"]):
        page = (tmp_path / name).with_suffix(".html").read_text(encoding="utf-8")
        shown = re.findall(r"<(?:script|img|iframe|link rel=.?stylesheet)[^>]*>", page)
        assert shown and not [tag for tag in shown if "//" in tag], name
        for picture in re.findall(r'<img[^>]* src="?([^" >]+)', page):
            assert (tmp_path / picture).is_file(), (name, picture)


def test_nothing_is_fetched():
    assert CONFIG["theme"]["font"] is False
    assert "extra_javascript" not in CONFIG
    for name in CONFIG["extra_css"]:
        assert "url(" not in (PROJECT / "docs" / name).read_text(encoding="utf-8")
