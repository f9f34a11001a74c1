"""How the network's arithmetic is made fast: it never changes what is computed."""
