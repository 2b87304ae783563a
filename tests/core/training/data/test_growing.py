"""Files that only grow: what was committed is there, what was not is gone, however the writer ended."""

from pathlib import Path
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glasshead.training.data.growing import RECORD, GrowingFiles

names = st.sampled_from(["one", "two"])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.tuples(names, st.binary(max_size=9)), st.sampled_from(["commit", "end"])), max_size=25))
def test_what_was_committed_is_there_after_any_end(
    tmp_path: Path, deeds: list[tuple[str, bytes] | Literal["commit", "end"]]
) -> None:
    GrowingFiles(tmp_path).forget()
    files = GrowingFiles(tmp_path)
    now: dict[str, bytes] = {}
    safe: dict[str, bytes] = {}
    commits = 0
    for deed in deeds:
        if deed == "commit":
            commits += 1
            files.commit({"at": commits})
            safe = dict(now)
        elif deed == "end":
            files.flush()  # as much as can be of what was not committed lies on the disk
            files = GrowingFiles(tmp_path)
            assert files.state == ({"at": commits} if commits else {})
            assert {name: (tmp_path / name).read_bytes() for name in safe} == safe
            now = dict(safe)
        else:
            name, data = deed
            files.append(name, data)
            now[name] = now.get(name, b"") + data
            assert files.size(name) == len(now[name])
    files.commit({"at": "last"})
    for name, data in now.items():
        assert (tmp_path / name).read_bytes() == data


def test_a_file_that_lost_bytes_means_to_begin_again(tmp_path: Path) -> None:
    files = GrowingFiles(tmp_path)
    files.append("one", b"12345")
    files.commit({"at": 1})
    (tmp_path / "one").write_bytes(b"123")
    files = GrowingFiles(tmp_path)
    assert files.state == {} and files.size("one") == 0
    files.append("one", b"ab")
    files.commit({"at": 2})
    assert (tmp_path / "one").read_bytes() == b"ab"


def test_forgetting_leaves_nothing(tmp_path: Path) -> None:
    files = GrowingFiles(tmp_path)
    files.append("one", b"12345")
    files.commit({"at": 1})
    files.append("two", b"6")
    assert (tmp_path / RECORD).is_file()
    files.forget()
    assert not list(tmp_path.iterdir())
    assert files.state == {} and files.size("one") == 0
