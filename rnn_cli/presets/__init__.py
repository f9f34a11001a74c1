"""The presets of `rnn train`, a TOML file each."""
