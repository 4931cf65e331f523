"""Mistakes that a person can mend: told in one sentence, without a traceback, with exit code 2."""


class Mistake(Exception):
    """The base of them; the message is the sentence."""
