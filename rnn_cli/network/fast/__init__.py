"""Makes the network's arithmetic fast; never changes what is computed."""
