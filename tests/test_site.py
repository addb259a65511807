"""The site: its pages are the documents of the repository, and their links are put right."""

import importlib.util

import pytest
import yaml
from helpers import PROJECT

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


def test_nothing_is_fetched():
    assert CONFIG["theme"]["font"] is False
    assert not {"extra_javascript", "extra_css"} & CONFIG.keys()
