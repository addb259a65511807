"""Claims that no record of this study can judge yet: what it would take stands in claims.yaml."""

from drl_replication.verdict.evidence import OPEN, Judgement


def not_judged(needs: str) -> Judgement:
    """`needs`: the experiment that would judge it."""
    return Judgement(OPEN, "", [needs])
