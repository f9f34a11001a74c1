"""The mathematics: the equations of each layer, with derivatives written by hand."""
