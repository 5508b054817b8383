"""REST endpoints: one file for each resource."""
