"""The fault campaign: real processes and traffic, whatever can be struck is struck, and the books are checked."""
