"""Masking: hide the passwords in an address before it is logged or printed."""

import re

_IN_AUTHORITY = re.compile(r"(?<=://)([^/?#@]*?):([^/?#]*)@")
_AS_PARAMETER = re.compile(r"(?i)\b(password|passwd|pwd|sslpassword)(\s*=\s*)('[^']*'|[^\s&;]+)")


def masked(url: str) -> str:
    """`url` with each password replaced by three asterisks.

    Examples
    --------
    >>> masked("postgresql://ada:pa:ss@db.example:5432/ledger?sslmode=require")
    'postgresql://ada:***@db.example:5432/ledger?sslmode=require'
    >>> masked("host=db.example user=ada password=secret")
    'host=db.example user=ada password=***'
    """
    return _AS_PARAMETER.sub(r"\1\2***", _IN_AUTHORITY.sub(r"\1:***@", url))
