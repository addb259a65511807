"""What all fuzz tests share: how many cases, and mutations of a right content.

The same few hundred cases each time; `DRL_FUZZ_CASES=20000` draws so many new ones for each test.
"""

import os
from functools import partial

from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

CASES = os.environ.get("DRL_FUZZ_CASES")
SLOW = 10  # times as long a case takes in some tests, which get so many fewer


def fuzz(share=1):
    return hypothesis_settings(
        max_examples=max(1, int(CASES or 300) // share),
        derandomize=CASES is None,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


EDITS = st.tuples(
    st.sampled_from(["flip", "insert", "delete", "repeat", "cut", "number"]),
    st.floats(0, 1, exclude_max=True),
    st.integers(1, 40),
    st.binary(min_size=1, max_size=8),
)
NUMBERS = [
    b"NaN",
    b"-1",
    b"1e400",
    b"9" * 5000,
    b"0x10",
    b"1_0",
    b"null",
    b"true",
    b"-0.0",
    b"1e-999",
]


def edited(content, edits):
    """`content` after some edits, each at a place that is a share of its length."""
    for kind, place, length, data in edits:
        at = int(place * len(content))
        before, there, after = content[:at], content[at : at + length], content[at + length :]
        content = {
            "flip": lambda b=before, t=there, a=after, d=data: b + xor(t, d) + a,
            "insert": lambda b=before, t=there, a=after, d=data: b + d + t + a,
            "delete": lambda b=before, a=after: b + a,
            "repeat": lambda b=before, t=there, a=after, n=length: b + t * n + a,
            "cut": lambda b=before: b,
            "number": lambda b=before, t=there, a=after, n=length: b + NUMBERS[n % 10] + t[1:] + a,
        }[kind]()
    return content


def xor(content, data):
    return bytes(b ^ data[i % len(data)] for i, b in enumerate(content))


def mutations(content):
    return st.lists(EDITS, min_size=1, max_size=4).map(partial(edited, content))


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["drl", "split_mnist", "mnist", "per_seed", 0, 1, 0.5, 2**53, -1]),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=6), part, max_size=3)
    ),
    max_leaves=5,
)


def places(value, path=()):
    """The paths of all parts of nested dictionaries and lists."""
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def changed(make, path, value):
    """What `make` makes, with another value at a path; Ellipsis takes it away."""
    result = part = make()
    for key in path[:-1]:
        part = part[key]
    if value is Ellipsis:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return result


def one_sentence(error):
    assert "\n" not in str(error)
    assert 10 < len(str(error)) < 3000
