"""One file a backend; none has sockets of its own, all send through an Outbound they are given."""
