from api.rest.docstrings import split_attributes


def test_a_docstring_without_attributes_is_all_text() -> None:
    assert split_attributes("A plan.\n\n    It has two legs.\n    ") == ("A plan.\n\nIt has two legs.", {})


def test_attributes_are_split_by_name() -> None:
    docstring = """A plan.

    Attributes
    ----------
    size
        In sets,
        at most 100.
    fee, gas
        In dollars.
    """
    assert split_attributes(docstring) == (
        "A plan.",
        {("size",): "In sets, at most 100.", ("fee", "gas"): "In dollars."},
    )
