"""Pure codecs between wire formats and core values, both directions: N + M, never N x M.

`*_door` modules face clients (decode a request, encode an answer); the others face backends
(encode a request, decode an answer).
"""
