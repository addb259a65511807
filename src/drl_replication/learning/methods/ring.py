"""Ring buffer with one fixed total size (Alg. 1)."""

import numpy as np

from drl_replication.learning.methods.parts import Shared
from drl_replication.learning.streams import Stream


class RingBuffer:
    """A FIFO per group (class, or task id) under one total budget.

    It stores positions in the stream, not images: the stream is in memory anyway. Everything is
    an array indexed by group, so that no step costs more when more groups have been seen.

    Over budget, the largest group loses one sample (of equally large groups, the first): with
    `memory_eviction = fifo` its oldest; with `typical_first` the one minimising its rank by L1
    distance to the running mean of its group plus 10 times its age position.
    """

    def __init__(self, shared: Shared):
        stream, settings = shared.stream, shared.settings
        # A stream that is shorter needs no more.
        self.capacity = min(settings["memory_size"], len(stream.groups))
        self.groups = stream.groups
        self.sizes = np.zeros(stream.group_count, dtype=np.int64)
        self._starts = np.zeros(stream.group_count, dtype=np.int64)
        # One slot more than the budget: a sample enters before another leaves.
        self._slots = np.zeros((stream.group_count, self.capacity + 1), dtype=np.int64)
        self._length = 0
        eviction = settings["readings"]["memory_eviction"]
        self._typical = TypicalFirst(stream) if eviction == "typical_first" else None

    def __len__(self) -> int:
        return self._length

    def add(self, positions: np.ndarray) -> None:
        """Add the loaded samples (n,), then evict down to the budget (Alg. 1)."""
        for position in positions.tolist():
            group = self.groups[position]
            slot = (self._starts[group] + self.sizes[group]) % self._slots.shape[1]
            self._slots[group, slot] = position
            self.sizes[group] += 1
            self._length += 1
            if self._typical:
                self._typical.see(position, group)
            # One at a time is Alg. 1's batch for |B| = 1 and keeps the ring within its slots.
            if self._length > self.capacity:
                self._evict(int(self.sizes.argmax()))  # c' = arg max |M_c|

    def members(self, group: int) -> np.ndarray:
        """Positions held of a group, oldest first."""
        return self.at(np.full(self.sizes[group], group), np.arange(self.sizes[group]))

    def at(self, groups: np.ndarray, ages: np.ndarray) -> np.ndarray:
        """Positions (n,) of the samples of `groups` (n,) at `ages` (n,), 0 = oldest."""
        return self._slots[groups, (self._starts[groups] + ages) % self._slots.shape[1]]

    def draw(self, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One sample, with replacement, of each of `groups` (n,), which must be in the memory."""
        return self.at(groups, (rng.random(len(groups)) * self.sizes[groups]).astype(np.int64))

    def draw_uniform(
        self, n: int, rng: np.random.Generator, among: np.ndarray | None = None
    ) -> np.ndarray:
        """`n` samples with replacement, uniformly over all held of the groups in a mask (G,)."""
        sizes = self.sizes if among is None else np.where(among, self.sizes, 0)
        ends = sizes.cumsum()
        rank = (rng.random(n) * ends[-1]).astype(np.int64)
        groups = ends.searchsorted(rank, side="right")
        return self.at(groups, rank - (ends - sizes)[groups])

    def state(self) -> dict[str, np.ndarray]:
        """What :meth:`restore` needs."""
        typical = self._typical.state() if self._typical else {}
        return {"sizes": self.sizes, "starts": self._starts, "slots": self._slots, **typical}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Become the buffer whose :meth:`state` this is."""
        self.sizes, self._starts, self._slots = (state[k] for k in ("sizes", "starts", "slots"))
        self._length = int(self.sizes.sum())
        if self._typical:
            self._typical.restore(state)

    def _evict(self, group: int) -> None:
        if self._typical:  # move the evicted one to the oldest place, the others keep their order
            members = self.members(group)
            out = self._typical.choose(members, group)
            order = np.concatenate([members[out : out + 1], np.delete(members, out)])
            slots = (self._starts[group] + np.arange(len(order))) % self._slots.shape[1]
            self._slots[group, slots] = order
        self._starts[group] = (self._starts[group] + 1) % self._slots.shape[1]
        self.sizes[group] -= 1
        self._length -= 1


class TypicalFirst:
    """The reading `memory_eviction = typical_first`: who leaves the largest group."""

    AGE_WEIGHT = 10

    def __init__(self, stream: Stream):
        self._images = stream.images.flatten(1).cpu().numpy()
        self._sums = np.zeros((stream.group_count, self._images.shape[1]))
        self._seen = np.zeros(stream.group_count)

    def see(self, position: int, group: int) -> None:
        """Count a sample into the running mean of all samples seen of its group."""
        self._sums[group] += self._images[position]
        self._seen[group] += 1

    def state(self) -> dict[str, np.ndarray]:
        """What :meth:`restore` needs."""
        return {"sums": self._sums, "seen": self._seen}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Take over sums and counts."""
        self._sums, self._seen = state["sums"], state["seen"]

    def choose(self, members: np.ndarray, group: int) -> int:
        """Index into `members` (oldest first) of the one that leaves."""
        mean = self._sums[group] / self._seen[group]
        distances = np.abs(self._images[members] - mean).sum(1)
        ranks = distances.argsort(kind="stable").argsort()
        return int((ranks + self.AGE_WEIGHT * np.arange(len(members))).argmin())
