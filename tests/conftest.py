"""What all tests share."""

import signal

import pytest


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="the seeded tests with hundreds of seeds")


def pytest_configure(config):
    config.addinivalue_line("markers", "seeds(short, long): with so many values of `seed`; long: with --long")


def pytest_generate_tests(metafunc):
    marker = metafunc.definition.get_closest_marker("seeds")
    if marker:
        how_many = marker.kwargs["long" if metafunc.config.getoption("long") else "short"]
        metafunc.parametrize("seed", range(how_many))


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_session(tmp_path_factory):
    """No test keeps texts in the folder of the user who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache-of-the-session")))
        yield


@pytest.fixture(scope="session", autouse=True)
def hangup_heard():
    """Also where the tests were started with nohup, which has every program they start ignore it."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
