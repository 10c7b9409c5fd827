"""`mcp`: a byte bridge between this process's stdin/stdout and the daemon's MCP socket.

Both sides speak newline-delimited JSON-RPC, so nothing is parsed here and the MCP SDK isn't
imported. The daemon is started where it doesn't run. Nothing but MCP is written to stdout.
"""

import argparse
import os
import socket
import sys
import threading

from routerd.cli.lifecycle import running, start
from routerd.core.errors import RouterdError
from routerd.settings import places

CHUNK_BYTES = 65_536
# Answers that are still on their way when the editor closes stdin are worth a moment.
LINGER_S = 5.0


def run(_: argparse.Namespace) -> int:
    """Bridge until either side closes. Raises: RouterdError when the daemon can't be reached."""
    here = places.find()
    if running(here) is None:
        print("routerd: starting the daemon", file=sys.stderr)
        start(here)
    with _connect(here) as connection:
        sender = threading.Thread(target=_send, args=(connection,), name="stdin", daemon=True)
        sender.start()
        _receive(connection)
        # stdin may stay open for ever; the thread is a daemon and ends with this process.
    return 0


def _connect(here: places.Places) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(here.mcp_socket))
    except OSError as error:
        connection.close()
        raise RouterdError(
            f"The daemon's MCP socket {here.mcp_socket} can't be opened ({error.strerror}); "
            "try `routerd down` and `routerd up`."
        ) from error
    return connection


def _send(connection: socket.socket) -> None:
    """Copy stdin to the socket; at its end say so, so that the daemon ends the session."""
    stdin = sys.stdin.fileno()
    while data := os.read(stdin, CHUNK_BYTES):
        try:
            connection.sendall(data)
        except OSError:
            return
    connection.settimeout(LINGER_S)
    connection.shutdown(socket.SHUT_WR)


def _receive(connection: socket.socket) -> None:
    """Copy the socket to stdout until the daemon closes it."""
    stdout = sys.stdout.fileno()
    while True:
        try:
            data = connection.recv(CHUNK_BYTES)
        except OSError:
            return
        if not data:
            return
        view = memoryview(data)
        while view:
            view = view[os.write(stdout, view) :]
