"""Masking: addresses as people may see them, without their passwords."""

import re

_IN_AUTHORITY = re.compile(r"(?<=://)([^/?#@]*?):([^/?#]*)@")
_AS_PARAMETER = re.compile(r"(?i)\b(password|passwd|pwd|sslpassword)(\s*=\s*)('[^']*'|[^\s&;]+)")


def masked(url: str) -> str:
    """`url` with its passwords written as three stars.

    Examples
    --------
    >>> masked("postgresql://ada:pa:ss@db.example:5432/ledger?sslmode=require")
    'postgresql://ada:***@db.example:5432/ledger?sslmode=require'
    >>> masked("host=db.example user=ada password=secret")
    'host=db.example user=ada password=***'
    """
    return _AS_PARAMETER.sub(r"\1\2***", _IN_AUTHORITY.sub(r"\1:***@", url))
