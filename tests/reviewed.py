"""A mapping file of pairs across venues, as a reviewer writes it."""

from domain.pairs import fingerprint


def mapping(name: str, first: str, second: str, *, decided_at: str, rules: tuple[str, str]) -> str:
    """One reviewed pair; `rules` are the rules of its markets at the time of the review."""
    return f"""
[[pair]]
name = "{name}"
first = "{first}"
second = "{second}"
decided_at = {decided_at}
rules = ["{fingerprint(rules[0])}", "{fingerprint(rules[1])}"]
reviewed_by = "R. Viewer"
reviewed_at = 2026-01-05T09:00:00Z
"""
