"""The rules of levels 2, 3 and 4, and the engine that runs them over a message."""
