"""What a server keeps of its calls, where an operator has named a place: nothing is kept otherwise.

Callers stand in it only as keyed hashes. A conversation leaves counts, its risk state and what the
caller agreed to have remembered; words and sound are in no table.
"""
