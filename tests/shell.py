"""Running `flowlab` in this process."""

from click.testing import CliRunner, Result

from flowlab.cli import main


def run(*arguments: object) -> Result:
    """Run `flowlab` in this process; anything it did not foresee is raised here."""
    result = CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
