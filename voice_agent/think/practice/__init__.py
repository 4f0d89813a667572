"""Practice mode: rehearsing a difficult talk, after IMBUE (arXiv 2402.12556).

``skills`` names the seven DEAR MAN skills, ``signals`` hears them in words, ``rater`` grades a
line, ``rewrite`` betters it, ``partner`` answers it, ``setting`` is what is practised, ``talk``
is the activity and ``report`` what came of it.
"""
