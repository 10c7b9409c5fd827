"""The tray: a process of its own that knows the daemon only through its client and `Status`."""
