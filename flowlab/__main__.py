"""`python -m flowlab` is the same as `flowlab`."""

from flowlab.cli import main

main(prog_name="flowlab")
