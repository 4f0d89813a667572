"""The commands, one file each: ``add_parser`` describes the words, ``run`` does the work.

A command's file imports nothing heavy at its top: ``secousti --help`` must answer at once.
"""
