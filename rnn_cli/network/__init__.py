"""The mathematics: each layer's equations, and under them their derivatives, by hand."""
