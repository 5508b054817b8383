"""The engine: verb files are stateful operators, plural folders are catalogues of ideas."""
