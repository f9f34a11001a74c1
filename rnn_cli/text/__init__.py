"""Text in and out: bytes to lines, lines to tokens, tokens to ids, ids to windows."""
