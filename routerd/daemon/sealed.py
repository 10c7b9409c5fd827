"""What an airgapped start hands to the house: opened outside, used inside."""

import socket
from dataclasses import dataclass

from routerd.network.relay import Relay


@dataclass(frozen=True, slots=True)
class Sealed:
    """The listening socket, and the relay to the engines that were known at the start."""

    sock: socket.socket
    relay: Relay
