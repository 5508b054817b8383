"""The nouns: what markets say and what we conclude. Imports nothing of ours."""
