"""REST: the parts that every endpoint is built from, and the OpenAPI document and reference page generated from them."""
