"""From phones to tokens: the codec's own codebook as a voice, with no other speech engine.

:mod:`.phones` is the alphabet, :mod:`.net` the network, :mod:`.speaker` what says a line.
"""
