"""REST: the parts of every endpoint, and the OpenAPI document and reference page generated from them."""
