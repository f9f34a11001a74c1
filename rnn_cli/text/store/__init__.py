"""Texts as ids: split once, kept on disk, mapped into memory."""
