"""REST: what every operation is made of, and the documents made from all of them."""
