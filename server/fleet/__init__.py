"""Several servers behind one address: each keeps its own calls, and callers find theirs again."""
