"""A mapping file of pairs across venues, as a person writes it."""

from domain.pairs import fingerprint


def mapping(name: str, first: str, second: str, *, decided_at: str, words: tuple[str, str]) -> str:
    """One reviewed pair; the rules of its markets read as `words` when they were compared."""
    return f"""
[[pair]]
name = "{name}"
first = "{first}"
second = "{second}"
decided_at = {decided_at}
rules = ["{fingerprint(words[0])}", "{fingerprint(words[1])}"]
reviewed_by = "R. Viewer"
reviewed_at = 2026-01-05T09:00:00Z
"""
