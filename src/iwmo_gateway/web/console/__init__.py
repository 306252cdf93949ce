"""The console: pages for people, over the same rights and the same gateway as the calls of /v1."""
