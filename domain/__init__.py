"""The domain model: records of market input and of results. Imports no other package of this project."""
