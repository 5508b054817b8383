"""What users run today, one peer per file, each given the same input as we are.

A file imports its peer when it is loaded, and is loaded by whoever measures: the peers are the extra
`bench`, which nothing else needs.
"""
