"""What `rnn train` reads by default: two small texts written for this project, in the public domain."""
