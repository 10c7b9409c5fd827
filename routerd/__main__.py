"""Lets `python -m routerd` run the command line."""

import sys

from routerd.cli.main import main

sys.exit(main())
