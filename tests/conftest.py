"""What all tests share: a home of their own, the real data, and an honest account of what was skipped."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

UNSET = "FLOWLAB_DATA is unset: set it to the folder of real clips and ground truth"


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a data folder that is not there: a run that skips it all would look like one that passed."""
    folder = os.environ.get("FLOWLAB_DATA")
    if folder and not Path(folder).is_dir():
        raise pytest.UsageError(f"FLOWLAB_DATA is {folder!r}, which is no folder: correct or unset it")
    config.pluginmanager.register(RealDataAccount(config), "real-data-account")


@pytest.fixture(autouse=True, scope="session")
def _shared_home(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """Keep fixtures that live longer than a test away from the person's own FLOWLAB_HOME."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLOWLAB_HOME", str(tmp_path_factory.mktemp("shared-home")))
        yield


@pytest.fixture(autouse=True)
def flowlab_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test an empty FLOWLAB_HOME; the person's own is never touched."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("FLOWLAB_HOME", str(home))
    return home


@pytest.fixture
def data_folder() -> Path:
    """Give the folder of real data; skip where there is none."""
    folder = os.environ.get("FLOWLAB_DATA")
    if not folder:
        pytest.skip(UNSET)
    return Path(folder).resolve()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test on real data where there is none."""
    if _needs_data(item) and not os.environ.get("FLOWLAB_DATA"):
        pytest.skip(UNSET)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test on real data into a failed one where the data exists."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _needs_data(item) and os.environ.get("FLOWLAB_DATA"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped although FLOWLAB_DATA is set: {reason}"
    return report


def _needs_data(item: pytest.Item) -> bool:
    return item.get_closest_marker("realdata") is not None


class RealDataAccount:
    """Counts the tests on real data, says so at the end, and fails a whole run that had the data and used none."""

    def __init__(self, config: pytest.Config) -> None:
        """Count for the run described by `config`."""
        self._config = config
        self._ran = 0
        self._skipped = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one test, wherever it ran."""
        if "realdata" in report.keywords:
            self._ran += report.when == "call" and not report.skipped
            self._skipped += report.skipped

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run that should have used the real data."""
        if self._used_none() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how many tests on real data ran."""
        if self._used_none():
            terminalreporter.write_line("FAILED: FLOWLAB_DATA is set, and no test on real data ran", red=True)
        elif self._ran or self._skipped:
            where = "" if os.environ.get("FLOWLAB_DATA") else " (FLOWLAB_DATA is unset)"
            terminalreporter.write_line(f"real data: {self._ran} ran, {self._skipped} skipped{where}")

    def _used_none(self) -> bool:
        return bool(os.environ.get("FLOWLAB_DATA")) and self._is_whole_run() and self._ran == 0

    def _is_whole_run(self) -> bool:
        """Return whether this is the main process of a run of everything, or of everything but a marker."""
        option = self._config.option
        chosen = option.keyword or option.collectonly or option.deselect or option.lf
        only_leaves_out = all(term.strip().startswith("not ") for term in option.markexpr.split(" and "))
        return (
            not hasattr(self._config, "workerinput")
            and self._config.args_source is pytest.Config.ArgsSource.TESTPATHS
            and not chosen
            and (not option.markexpr or (only_leaves_out and "realdata" not in option.markexpr))
        )
