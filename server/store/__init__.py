"""What a server keeps of its calls, where an operator has named a place: nothing is kept otherwise.

Callers stand in it only as keyed hashes. A conversation leaves counts, its risk state and what the
caller agreed to have remembered; words and sound are in no table, but for the answers to an
exercise that is under way, which go when the call ends on purpose, or an hour after it broke off.
"""
