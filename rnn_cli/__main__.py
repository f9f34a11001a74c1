"""`python -m rnn_cli` is the command `rnn`."""

from rnn_cli.cli.app import main

if __name__ == "__main__":  # a spawned process imports this file under another name
    main()
