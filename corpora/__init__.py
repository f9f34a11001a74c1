"""The texts that `rnn train` reads by default: written for this project, in the public domain."""
